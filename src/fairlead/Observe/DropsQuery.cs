using System.Globalization;
using Fairlead.Policy.Drops;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Observe;

/// <summary>What an agent is asked about drops.</summary>
/// <param name="Filter">Which records.</param>
/// <param name="Since">No older ones; zero: however old.</param>
/// <param name="Last">So many at most, the newest; 0: however many.</param>
/// <param name="Follows">Each one to come as well.</param>
/// <param name="Run">The run of the agent that <paramref name="After"/> counts in.</param>
/// <param name="After">Only records after this one, when the agent still is in that run.</param>
internal sealed record DropsQuery(DropFilter Filter, TimeSpan Since, int Last, bool Follows = false, long Run = 0, long After = 0)
{
    /// <summary>Path and query for <see cref="Inspect.AgentClient"/>.</summary>
    public string Path => string.Create(CultureInfo.InvariantCulture, $"drops?since={Since.TotalSeconds}&last={Last}&follow={(Follows ? 1 : 0)}&run={Run}&after={After}")
        + $"&namespace={Escaped(Filter.Namespace)}&pod={Escaped(Filter.Pod)}&from={Escaped(Filter.From)}&to={Escaped(Filter.To)}"
        + $"&direction={Escaped(Filter.Direction)}&policy={Escaped(Filter.Policy)}";

    /// <summary>Reads what <see cref="Path"/> wrote; what is missing asks for nothing.</summary>
    public static DropsQuery Of(IQueryCollection query) => new(
        new DropFilter($"{query["namespace"]}", $"{query["pod"]}", $"{query["from"]}", $"{query["to"]}", $"{query["direction"]}", $"{query["policy"]}"),
        TimeSpan.FromSeconds(Math.Clamp(Number(query["since"]), 0, TimeSpan.MaxValue.TotalSeconds / 2)), (int)Number(query["last"]), Number(query["follow"]) > 0,
        (long)Number(query["run"]), (long)Number(query["after"]));

    /// <summary>Of the records of one run, the oldest first, those asked for.</summary>
    public IReadOnlyList<DropRecord> Choose(IReadOnlyList<DropRecord> records, long run, DateTimeOffset now)
    {
        var chosen = records.Where(record => (run != Run || record.Id > After) && (Since == default || now - record.Last <= Since) && Filter.Takes(record)).ToList();
        return Last == 0 || chosen.Count <= Last ? chosen : chosen[^Last..];
    }

    private static double Number(string? text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number < long.MaxValue ? number : 0;

    private static string Escaped(string text) => Uri.EscapeDataString(text);
}
