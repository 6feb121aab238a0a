using System.Globalization;
using Fairlead.Pods.Containers;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Pods.Streaming;

/// <summary>The query of a request for logs (core/v1 PodLogOptions).</summary>
internal sealed record LogQuery(LogOptions Options, bool Previous)
{
    /// <exception cref="StreamRefusal">400: a value that is not what its name says.</exception>
    internal static LogQuery Parse(IQueryCollection query, DateTimeOffset now)
    {
        var seconds = Number(query, "sinceSeconds", 1);
        var since = seconds is { } ago ? now - TimeSpan.FromSeconds(Math.Min(ago, (now - DateTimeOffset.UnixEpoch).TotalSeconds)) : Time(query, "sinceTime");
        var tail = Number(query, "tailLines", 0);
        return new LogQuery(
            new LogOptions(
                Flag(query, "follow"), tail is { } lines ? (int)Math.Min(lines, int.MaxValue) : null, since, Flag(query, "timestamps"),
                Number(query, "limitBytes", 1), query["stream"].ToString()),
            Flag(query, "previous"));
    }

    /// <summary>A boolean as Go reads it; absent is false.</summary>
    internal static bool Flag(IQueryCollection query, string name) => query[name].ToString() switch
    {
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        "" or "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        var other => throw new StreamRefusal(400, $"{name}: \"{other}\" is neither true nor false"),
    };

    private static long? Number(IQueryCollection query, string name, long least) => query[name].ToString() switch
    {
        "" => null,
        var text when long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least => number,
        var text => throw new StreamRefusal(400, $"{name}: \"{text}\" is not a number of at least {least}"),
    };

    private static DateTimeOffset? Time(IQueryCollection query, string name) => query[name].ToString() switch
    {
        "" => null,
        var text when DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) => time,
        var text => throw new StreamRefusal(400, $"{name}: \"{text}\" is not a time such as 2026-01-02T15:04:05Z"),
    };
}
