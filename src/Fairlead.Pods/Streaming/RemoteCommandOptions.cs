using Microsoft.AspNetCore.Http;

namespace Fairlead.Pods.Streaming;

/// <summary>The query of a request to execute or attach (core/v1 PodExecOptions, PodAttachOptions).</summary>
internal sealed record RemoteCommandOptions(IReadOnlyList<string> Command, bool Stdin, bool Stdout, bool Stderr, bool Tty)
{
    private const int MostWords = 4096;

    /// <exception cref="StreamRefusal">400: nothing to stream, or a command no process can be given.</exception>
    internal static RemoteCommandOptions Parse(IQueryCollection query, bool needsCommand)
    {
        var command = needsCommand ? query["command"].Select(word => word ?? "").ToArray() : [];
        if (needsCommand && (command.Length is 0 or > MostWords || command[0].Length == 0))
        {
            throw new StreamRefusal(400, $"a command of 1 to {MostWords} words is needed, the first not empty");
        }

        if (command.Any(word => word.Contains('\0', StringComparison.Ordinal)))
        {
            throw new StreamRefusal(400, "the command contains a zero character and cannot be passed to a process");
        }

        var options = new RemoteCommandOptions(
            command, LogQuery.Flag(query, "stdin"), LogQuery.Flag(query, "stdout"), LogQuery.Flag(query, "stderr"), LogQuery.Flag(query, "tty"));
        return options.Stdin || options.Stdout || options.Stderr ? options
            : throw new StreamRefusal(400, "you must specify at least 1 of stdin, stdout, stderr");
    }
}
