using System.Globalization;
using System.Text;
using Fairlead.Proxy.Inspection;

namespace Fairlead.Inspect;

/// <summary>An inspection in rows and columns, as kubectl's tables are. Pure.</summary>
internal static class InspectionTable
{
    private const string Gap = "   ";
    private const string None = "<none>";

    /// <summary>The lines: a header in capitals, then a row for each object; empty when there is none.</summary>
    /// <param name="answers">What the nodes said.</param>
    /// <param name="depth">Which objects.</param>
    /// <param name="isWide">All columns, and every reason.</param>
    public static IReadOnlyList<string> Lines(IEnumerable<NodeAnswer> answers, InspectionDepth depth, bool isWide)
    {
        var services = answers.SelectMany(answer => answer.Services.Select(service => (answer.Node, Service: service)));
        var frontends = services.SelectMany(one => (one.Service.Frontends ?? []).Select(frontend => (one.Node, one.Service, Frontend: frontend)));
        List<string[]> rows = depth switch
        {
            InspectionDepth.Services => [.. services.Select(one => Service(one.Node, one.Service, isWide))],
            InspectionDepth.Frontends => [.. frontends.Select(one => Frontend(one.Node, one.Service, one.Frontend, isWide))],
            _ => [.. frontends.SelectMany(one => (one.Frontend.Endpoints ?? []).Select(endpoint => Endpoint(one.Node, one.Service, one.Frontend, endpoint, isWide)))],
        };
        string[] header = depth switch
        {
            InspectionDepth.Services => ["NODE", "NAMESPACE", "NAME", "TYPE", "FRONTENDS", "ENDPOINTS", "STATE", "WHY"],
            InspectionDepth.Frontends => ["NODE", "NAMESPACE", "SERVICE", "FRONTEND", .. Wide(isWide, "PORT"), "KIND", "POLICY", "AFFINITY", .. Wide(isWide, "SOURCES"), "ENDPOINTS", "STATE", "WHY"],
            _ => ["NODE", "NAMESPACE", "SERVICE", "FRONTEND", "ENDPOINT", .. Wide(isWide, "POD"), "ON", "CONDITIONS", "SLOT", "LOCAL-SLOT", "STATE", "WHY"],
        };
        return rows.Count == 0 ? [] : Align([header, .. rows]);
    }

    private static string[] Service(string node, InspectedService service, bool isWide) =>
    [
        node, service.Namespace, service.Name, service.Type.Length > 0 ? service.Type : None, Number(service.FrontendCount), Number(service.EndpointCount),
        $"{service.State}", Why(service.Reasons, "", isWide),
    ];

    private static string[] Frontend(string node, InspectedService service, InspectedFrontend frontend, bool isWide) =>
    [
        node, service.Namespace, service.Name, frontend.Text(), .. Wide(isWide, frontend.PortName.Length > 0 ? frontend.PortName : None),
        frontend.Kind, frontend.TrafficPolicy, frontend.AffinitySeconds > 0 ? $"{Number(frontend.AffinitySeconds)}s" : None,
        .. Wide(isWide, frontend.SourceRanges is null ? "all" : string.Join(',', frontend.SourceRanges) is { Length: > 0 } ranges ? ranges : "none"),
        frontend.LocalEndpointCount is { } local ? $"{Number(frontend.EndpointCount)} ({Number(local)} local)" : Number(frontend.EndpointCount),
        $"{frontend.State}", Why(frontend.Reasons, "", isWide),
    ];

    private static string[] Endpoint(string node, InspectedService service, InspectedFrontend frontend, InspectedEndpoint endpoint, bool isWide) =>
    [
        node, service.Namespace, service.Name, frontend.Text(), endpoint.Text(), .. Wide(isWide, endpoint.Pod.Length > 0 ? endpoint.Pod : None),
        endpoint.Node.Length > 0 ? endpoint.Node : None, Conditions(endpoint), Slot(endpoint.Slot), Slot(endpoint.LocalSlot), $"{endpoint.State}",
        Why(endpoint.Reasons, endpoint.LocalWhy.Length > 0 && endpoint.LocalWhy != endpoint.Why ? $"{endpoint.Why}; from outside: {endpoint.LocalWhy}" : endpoint.Why, isWide),
    ];

    private static string Conditions(InspectedEndpoint endpoint)
    {
        var readiness = endpoint.Ready ? "Ready" : endpoint.Serving ? "Serving" : "NotReady";
        return endpoint.Terminating ? $"{readiness},Terminating" : readiness;
    }

    private static string Why(IReadOnlyList<string> reasons, string otherwise, bool isWide) =>
        reasons.Count == 0 ? otherwise
        : isWide || reasons.Count == 1 ? string.Join("; ", reasons)
        : $"{reasons[0]} (and {Number(reasons.Count - 1)} more)";

    private static string[] Wide(bool isWide, string text) => isWide ? [text] : [];

    private static string Slot(int? slot) => slot is { } number ? Number(number) : None;

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>Each column as wide as its widest cell; nothing after the last that says something.</summary>
    public static IReadOnlyList<string> Align(IReadOnlyList<string[]> rows)
    {
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        return [.. rows.Select(row => Line(row, widths))];
    }

    private static string Line(string[] row, int[] widths)
    {
        var line = new StringBuilder();
        for (var column = 0; column < row.Length; column++)
        {
            line.Append(column > 0 ? Gap : "").Append(row[column].PadRight(widths[column]));
        }

        return line.ToString().TrimEnd();
    }
}
