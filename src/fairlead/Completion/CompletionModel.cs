using System.CommandLine;
using System.CommandLine.Completions;

namespace Fairlead.Completion;

/// <summary>What a shell offers after an option.</summary>
internal enum ValueKind
{
    /// <summary>It takes no value.</summary>
    None,

    /// <summary>Free text: nothing to offer.</summary>
    Text,

    /// <summary>One of <see cref="CompletionOption.Values"/>.</summary>
    Choice,

    /// <summary>A path.</summary>
    File,

    /// <summary>The name of a cluster on this machine.</summary>
    Cluster,
}

/// <summary>An option as a shell needs to know it.</summary>
internal sealed record CompletionOption(IReadOnlyList<string> Names, string Description, ValueKind Kind, IReadOnlyList<string> Values);

/// <summary>A verb as a shell needs to know it. <see cref="Choices"/> are values of its argument; <see cref="TakesFiles"/>: its argument is a path.</summary>
internal sealed record CompletionCommand(
    string Name, string Description, IReadOnlyList<CompletionOption> Options, IReadOnlyList<string> Choices, bool TakesFiles, IReadOnlyList<CompletionCommand> Commands)
{
    /// <summary>The name that help gives the value of an argument or option when it is a path.</summary>
    public const string PathName = "path";

    /// <summary>Reads the command tree; what is hidden stays so.</summary>
    public static CompletionCommand Of(Command command) => Of(command, []);

    private static CompletionCommand Of(Command command, IReadOnlyList<Option> inherited)
    {
        Option[] options = [.. command.Options.Concat(inherited).Where(option => !option.Hidden)];
        return new CompletionCommand(
            command.Name,
            command.Description ?? "",
            [.. options.Select(Of)],
            [.. command.Arguments.Where(argument => !argument.Hidden).SelectMany(argument => Labels(argument.GetCompletions(CompletionContext.Empty)))],
            command.Arguments.Any(argument => argument.HelpName == PathName),
            [.. command.Subcommands.Where(child => !child.Hidden).Select(child => Of(child, [.. options.Where(option => option.Recursive)]))]);
    }

    private static CompletionOption Of(Option option)
    {
        string[] values = [.. Labels(option.GetCompletions(CompletionContext.Empty))];
        var kind = option.ValueType == typeof(bool) || option.Arity.MaximumNumberOfValues == 0 ? ValueKind.None
            : option.Name == "--name" ? ValueKind.Cluster
            : option.HelpName == PathName || typeof(FileSystemInfo).IsAssignableFrom(option.ValueType.GetElementType() ?? option.ValueType) ? ValueKind.File
            : values.Length > 0 ? ValueKind.Choice
            : ValueKind.Text;
        return new CompletionOption(
            [.. option.Aliases.Prepend(option.Name).Where(name => name.Length > 2 ? name.StartsWith("--", StringComparison.Ordinal) : name is ['-', not '?'])],
            option.Description ?? "",
            kind,
            kind == ValueKind.Choice ? values : []);
    }

    private static IEnumerable<string> Labels(IEnumerable<CompletionItem> items) => items.Select(item => item.Label);
}
