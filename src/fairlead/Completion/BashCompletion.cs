using System.Text;

namespace Fairlead.Completion;

/// <summary>The script for bash. It needs no bash-completion package and starts no process.</summary>
internal static class BashCompletion
{
    private const string Files = "compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")";

    /// <summary>Writes it.</summary>
    /// <param name="root">The command tree.</param>
    /// <param name="clusters">Paths, with one asterisk in the place of a cluster's name, of files that every cluster has one of.</param>
    public static string Script(CompletionCommand root, IReadOnlyList<string> clusters)
    {
        var script = new StringBuilder();
        script.Append(
            $$"""
            # bash completion for fairlead: source <(fairlead completion bash)
            _fairlead_clusters() {
                local file
                for file in {{string.Join(' ', clusters)}}; do
                    [[ -e $file ]] && file=${file%/*} && printf '%s\n' "${file##*/}"
                done
            }

            _fairlead() {
                local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path="" words="" i
                # bash makes a word of the equals sign of --option=value.
                if [[ $cur == = ]]; then
                    cur=""
                elif [[ $prev == = ]]; then
                    prev=${COMP_WORDS[COMP_CWORD-2]}
                fi
                for ((i = 1; i < COMP_CWORD; i++)); do
                    case "$path ${COMP_WORDS[i]}" in
                        {{string.Join(" | ", Paths(root, "").Skip(1).Select(pair => $"'{pair.Path}'"))}}) path+=" ${COMP_WORDS[i]}" ;;
                    esac
                done
                COMPREPLY=()
                case "$path:$prev" in

            """);
        foreach (var (path, command) in Paths(root, ""))
        {
            foreach (var option in command.Options.Where(option => option.Kind != ValueKind.None))
            {
                script.Append($"        {string.Join(" | ", option.Names.Select(name => $"'{path}:{name}'"))})\n            {Values(option)}\n            return ;;\n");
            }
        }

        script.Append("    esac\n    case \"$path\" in\n");
        foreach (var (path, command) in Paths(root, ""))
        {
            var options = string.Join(' ', command.Options.SelectMany(option => option.Names));
            var words = string.Join(' ', command.Commands.Select(child => child.Name).Concat(command.Choices));
            var files = command.TakesFiles ? $"{Files}; return" : $"words=\"{words}\"";
            script.Append($"        '{path}') if [[ $cur == -* ]]; then words=\"{options}\"; else {files}; fi ;;\n");
        }

        return script.Append("    esac\n    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\ncomplete -F _fairlead fairlead\n").ToString();
    }

    private static string Values(CompletionOption option) => option.Kind switch
    {
        ValueKind.Choice => $"mapfile -t COMPREPLY < <(compgen -W \"{string.Join(' ', option.Values)}\" -- \"$cur\")",
        ValueKind.Cluster => "mapfile -t COMPREPLY < <(compgen -W \"$(_fairlead_clusters)\" -- \"$cur\")",
        ValueKind.File => Files,
        _ => ":",
    };

    private static IEnumerable<(string Path, CompletionCommand Command)> Paths(CompletionCommand command, string path) =>
        command.Commands.SelectMany(child => Paths(child, $"{path} {child.Name}")).Prepend((path, command));
}
