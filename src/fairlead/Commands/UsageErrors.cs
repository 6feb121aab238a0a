using System.CommandLine;
using System.CommandLine.Parsing;

namespace Fairlead.Commands;

/// <summary>Says what is wrong with a command line, in one line, and what was probably meant.</summary>
internal static class UsageErrors
{
    private const int MaxDistance = 2;

    /// <summary>The error and its hint.</summary>
    /// <param name="parsed">A command line with errors.</param>
    public static (string Message, string Hint) Describe(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var path = string.Join(' ', Path(parsed.CommandResult));
        var help = $"see `{path} --help`";
        if (parsed.UnmatchedTokens is not [var unknown, ..])
        {
            return (string.Join(' ', parsed.Errors.Select(error => OneLine(error.Message)).Distinct().Reverse()), help);
        }

        var isOption = unknown.StartsWith('-');
        var message = isOption ? $"`{path}` has no option {unknown}"
            : command.Subcommands.Count > 0 ? $"there is no command {unknown}" : $"`{path}` does not take {unknown}";
        var known = isOption
            ? command.Options.SelectMany(option => option.Aliases.Prepend(option.Name)).Append("--help")
            : command.Subcommands.Where(child => !child.Hidden).Select(child => child.Name);
        return (message, Closest(unknown, known) is { } meant ? $"did you mean {meant}? {help}" : help);
    }

    /// <summary>The name nearest to what was written; null when none is near.</summary>
    internal static string? Closest(string written, IEnumerable<string> names)
    {
        var near = names.Select(name => (Name: name, Distance: name.StartsWith(written, StringComparison.Ordinal) ? 0 : Distance(written, name)))
            .Where(one => one.Distance <= Math.Min(MaxDistance, one.Name.TrimStart('-').Length / 2)).ToList();
        return near.Count == 0 ? null : near.MinBy(one => one.Distance).Name;
    }

    /// <summary>Insertions, deletions and replacements of one letter (Levenshtein 1966), and swaps of two neighbours, that make one text of the other.</summary>
    private static int Distance(string one, string other)
    {
        var (before, last, row) = (new int[other.Length + 1], Enumerable.Range(0, other.Length + 1).ToArray(), new int[other.Length + 1]);
        for (var i = 1; i <= one.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                row[j] = Math.Min(Math.Min(row[j - 1], last[j]) + 1, last[j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
                {
                    row[j] = Math.Min(row[j], before[j - 2] + 1);
                }
            }

            (before, last, row) = (last, row, before);
        }

        return last[other.Length];
    }

    /// <summary>Without the lists over several lines and the type names that the parser writes.</summary>
    private static string OneLine(string message)
    {
        var lines = message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var line = lines.Length > 1 ? $"{lines[0]} {string.Join(", ", lines[1..].Select(value => value.Trim('\'')))}" : message;
        var type = line.IndexOf(" as expected type", StringComparison.Ordinal);
        return type < 0 ? line : line[..type];
    }

    private static List<string> Path(CommandResult? result)
    {
        var names = new List<string>();
        for (SymbolResult? at = result; at is CommandResult command; at = command.Parent)
        {
            names.Insert(0, command.Command is RootCommand ? "fairlead" : command.Command.Name);
        }

        return names;
    }
}
