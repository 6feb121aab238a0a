using System.Text;

namespace Fairlead.Completion;

/// <summary>The script for fish.</summary>
internal static class FishCompletion
{
    /// <summary>Writes it; the parameters are those of <see cref="BashCompletion.Script"/>. Verbs within verbs are offered after their own.</summary>
    public static string Script(CompletionCommand root, IReadOnlyList<string> clusters)
    {
        var script = new StringBuilder(
            $$"""
            # fish completion for fairlead: fairlead completion fish | source
            function __fairlead_clusters
                for file in {{string.Join(' ', clusters)}}
                    test -e $file; and string split / $file | tail -n 2 | head -n 1
                end
            end

            complete -c fairlead -f

            """);
        Command(script, root, "__fish_use_subcommand");
        return script.ToString();
    }

    private static void Command(StringBuilder script, CompletionCommand command, string condition)
    {
        foreach (var option in command.Options)
        {
            var names = string.Concat(option.Names.Select(name => name.Length == 2 ? $" -s {name[1..]}" : $" -l {name[2..]}"));
            script.Append($"complete -c fairlead -n '{condition}'{names}{Value(option)} -d '{Quoted(option.Description)}'\n");
        }

        if (command.TakesFiles)
        {
            script.Append($"complete -c fairlead -n '{condition}' -F\n");
        }

        foreach (var choice in command.Choices)
        {
            script.Append($"complete -c fairlead -n '{condition}' -a {choice}\n");
        }

        foreach (var child in command.Commands)
        {
            script.Append($"complete -c fairlead -n '{condition}' -a {child.Name} -d '{Quoted(child.Description)}'\n");
            Command(script, child, $"__fish_seen_subcommand_from {child.Name}");
        }
    }

    private static string Value(CompletionOption option) => option.Kind switch
    {
        ValueKind.None => "",
        ValueKind.Choice => $" -x -a '{string.Join(' ', option.Values)}'",
        ValueKind.Cluster => " -x -a '(__fairlead_clusters)'",
        ValueKind.File => " -r -F",
        _ => " -x",
    };

    private static string Quoted(string text) => text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal);
}
