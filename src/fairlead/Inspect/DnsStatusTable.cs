using System.Globalization;
using Fairlead.Dns.Metrics;

namespace Fairlead.Inspect;

/// <summary>How the nodes' DNS stands, in rows and columns. Pure.</summary>
internal static class DnsStatusTable
{
    private const string None = "<none>";

    /// <summary>The nodes: a header in capitals, then a row for each that answered; empty when none did.</summary>
    public static IReadOnlyList<string> Nodes(IReadOnlyList<DnsStatusAnswer> answers, bool isWide)
    {
        List<string[]> rows = [.. answers.Where(answer => answer.Status is not null).Select(answer => Node(answer, isWide))];
        string[] header =
        [
            "NODE", "ADDRESSES", "STATE", "QUERIES", "NXDOMAIN", "SERVFAIL", .. (string[])(isWide ? ["OTHER", "TCP", "DROPPED", "LOST"] : []),
            "FORWARDED", "FAILED", "CACHE-HITS", "CONFIGURATION",
        ];
        return rows.Count == 0 ? [] : InspectionTable.Align([header, .. rows]);
    }

    /// <summary>Who is asked for other zones: a row for each node and upstream; empty when there is none.</summary>
    public static IReadOnlyList<string> Upstreams(IReadOnlyList<DnsStatusAnswer> answers)
    {
        List<string[]> rows =
        [
            .. answers.SelectMany(answer => (answer.Status?.Upstreams ?? []).Select(one => (string[])
                [answer.Node, one.Address, one.State, Number(one.Requests), Number(one.Failures)])),
        ];
        return rows.Count == 0 ? [] : InspectionTable.Align([["NODE", "UPSTREAM", "STATE", "REQUESTS", "FAILURES"], .. rows]);
    }

    /// <summary>Names that are asked for and do not exist, all nodes' together, the most frequent first; empty when there is none.</summary>
    public static IReadOnlyList<string> Missing(IReadOnlyList<DnsStatusAnswer> answers, int most, bool isWide)
    {
        List<string[]> rows =
        [
            .. answers.SelectMany(answer => (answer.Status?.Missing ?? []).Select(one => (answer.Node, Missing: one)))
                .OrderByDescending(one => one.Missing.Count)
                .Take(most)
                .Select(one => (string[])
                [
                    one.Node, one.Missing.Pod.Length > 0 ? one.Missing.Pod : None, .. (string[])(isWide ? [one.Missing.Client] : []), one.Missing.Name, one.Missing.Type,
                    one.Missing.Excess > 0 ? $"{Number(one.Missing.Count)} (at least {Number(one.Missing.Count - one.Missing.Excess)})" : Number(one.Missing.Count),
                    one.Missing.Hint,
                ]),
        ];
        string[] header = ["NODE", "POD", .. (string[])(isWide ? ["CLIENT"] : []), "NO-SUCH-NAME", "TYPE", "COUNT", "HINT"];
        return rows.Count == 0 ? [] : InspectionTable.Align([header, .. rows]);
    }

    /// <summary>What is to be told of a node beside its row: why its configuration is not in force, or names of it not answered.</summary>
    public static IReadOnlyList<string> Problems(DnsStatus? status) =>
    [
        .. status?.ConfigurationErrors ?? [],
        .. status?.Multicluster is { IsSynced: false } imports
            ? [$"names of {string.Join(", ", imports.Zones)} are SERVFAIL: ServiceImports are not known{(imports.Refusal.Length > 0 ? $": {imports.Refusal}" : " yet")}"]
            : (string[])[],
    ];

    private static string[] Node(DnsStatusAnswer answer, bool isWide)
    {
        var status = answer.Status!;
        var known = status.Replies.GetValueOrDefault("NXDOMAIN") + status.Replies.GetValueOrDefault("SERVFAIL") + status.Replies.GetValueOrDefault("NOERROR");
        return
        [
            answer.Node, status.Addresses.Count > 0 ? string.Join(',', status.Addresses) : None,
            answer.IsReady ? "Ready" : status.IsServing ? "Syncing" : "NotServing",
            Number(status.UdpQueries + status.TcpQueries), Number(status.Replies.GetValueOrDefault("NXDOMAIN")), Number(status.Replies.GetValueOrDefault("SERVFAIL")),
            .. (string[])(isWide ? [Number(status.Replies.Values.Sum() - known), Number(status.TcpQueries), Number(status.Dropped), Number(status.UdpLost)] : []),
            Number(status.Forwarded), Number(status.ForwardFailures), Hits(status.CacheHits, status.Forwarded),
            status.ConfigurationErrors.Count > 0 ? $"{status.Configuration}: rejected" : status.Configuration,
        ];
    }

    private static string Hits(long hits, long forwarded) => hits + forwarded == 0
        ? "0"
        : string.Create(CultureInfo.InvariantCulture, $"{hits} ({100 * hits / (hits + forwarded)}%)");

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
