using System.Text;

namespace Fairlead.Completion;

/// <summary>The script for zsh.</summary>
internal static class ZshCompletion
{
    /// <summary>Writes it; the parameters are those of <see cref="BashCompletion.Script"/>.</summary>
    public static string Script(CompletionCommand root, IReadOnlyList<string> clusters)
    {
        var script = new StringBuilder(
            $$"""
            #compdef fairlead
            # zsh completion for fairlead: source <(fairlead completion zsh)
            _fairlead_clusters() {
                local -a names
                names=({{string.Join(' ', clusters.Select(path => $"{path}(N:h:t)"))}})
                compadd -a names
            }


            """);
        Function(script, root, "_fairlead");
        return script.Append("compdef _fairlead fairlead\n").ToString();
    }

    private static void Function(StringBuilder script, CompletionCommand command, string name)
    {
        script.Append($"{name}() {{\n    local context state line\n    _arguments -C");
        foreach (var option in command.Options)
        {
            foreach (var spelling in option.Names)
            {
                script.Append($" \\\n        '{spelling}[{Quoted(option.Description)}]{Action(option)}'");
            }
        }

        if (command.Commands.Count > 0)
        {
            var verbs = string.Join(' ', command.Commands.Select(child => $"{child.Name}\\:\"{Quoted(child.Description)}\""));
            var cases = string.Concat(command.Commands.Select(child => $"        {child.Name}) {name}_{child.Name.Replace('-', '_')} ;;\n"));
            script.Append($" \\\n        '1:command:(({verbs}))' \\\n        '*::argument:->rest'\n    case $state:$line[1] in\n{cases.Replace("        ", "        rest:", StringComparison.Ordinal)}    esac\n}}\n\n");
        }
        else
        {
            script.Append(command.TakesFiles ? " \\\n        '*:file:_files'\n}\n\n" : command.Choices.Count > 0 ? $" \\\n        '1:argument:({string.Join(' ', command.Choices)})'\n}}\n\n" : "\n}\n\n");
        }

        foreach (var child in command.Commands)
        {
            Function(script, child, $"{name}_{child.Name.Replace('-', '_')}");
        }
    }

    private static string Action(CompletionOption option) => option.Kind switch
    {
        ValueKind.None => "",
        ValueKind.Choice => $":value:({string.Join(' ', option.Values)})",
        ValueKind.Cluster => ":cluster:_fairlead_clusters",
        ValueKind.File => ":file:_files",
        _ => ":value: ",
    };

    // Within single quotes, within brackets or double quotes.
    private static string Quoted(string text) => text
        .Replace("'", "’", StringComparison.Ordinal).Replace("\"", "’", StringComparison.Ordinal).Replace("`", "’", StringComparison.Ordinal)
        .Replace("[", "(", StringComparison.Ordinal).Replace("]", ")", StringComparison.Ordinal).Replace(":", "\\:", StringComparison.Ordinal)
        .Replace("$", "", StringComparison.Ordinal);
}
