using Fairlead.Cluster.Endpoints;
using Fairlead.Proxy.Compile;
using Fairlead.Proxy.Drift;
using Fairlead.Proxy.Frontends;
using Fairlead.Proxy.Nftables;

namespace Fairlead.Proxy.Inspection;

/// <summary>One instant: the objects, the room's rows, and how the kernel differs from them.</summary>
/// <param name="Services">The Services to show.</param>
/// <param name="Slices">Their slices, by Service.</param>
/// <param name="Rows">Every frontend's row.</param>
/// <param name="Drift">Where the kernel differs from them.</param>
/// <param name="Node">The node.</param>
/// <param name="Options">The room's.</param>
internal sealed record ServiceMoment(
    IReadOnlyDictionary<ObjectKey, ServiceRow> Services, ILookup<ObjectKey, EndpointSliceRow> Slices, IReadOnlyDictionary<FrontendKey, FrontendRow> Rows,
    TableDrift Drift, NodeView Node, ProxyOptions Options)
{
    /// <summary>What the kernel is to hold of a frontend, with the slots it has.</summary>
    public static Committed Wanted(FrontendRow row) => row.Held is { } held && held.Frontend == row.Frontend
        ? held : Committed.Of(row.Frontend, row.Held?.Inside ?? default, row.Held?.Local ?? default) with { Group = row.Held?.Group ?? default };
}

/// <summary>From one instant to what is told of each Service. Pure.</summary>
internal sealed class ServiceView(ServiceMoment moment, InspectionDepth depth)
{
    private readonly ILookup<ObjectKey, FrontendRow> _rows = moment.Rows.Values.ToLookup(row => row.Frontend.Service);

    /// <summary>All asked for, in order, each made when it is taken.</summary>
    /// <param name="query">Which.</param>
    public IEnumerable<InspectedService> All(InspectionQuery query) => moment.Services.Keys.Union(_rows.Select(group => group.Key))
        .Where(key => query.Namespace is "" || key.Namespace == query.Namespace)
        .Where(key => query.Name is "" || key.Name == query.Name)
        .Order().Select(Of);

    private InspectedService Of(ObjectKey key)
    {
        var service = moment.Services.GetValueOrDefault(key);
        var slices = moment.Slices[key].Where(slice => !slice.LeftToOtherProxy).OrderBy(slice => slice.Key).ToList();
        var (compiled, warnings) = service is null ? default : ServiceCompiler.Compile(service, slices, moment.Node, moment.Options);

        // Of two kinds of address that are one, the plan has the first.
        var asked = compiled.Select(frontend => frontend.Key).ToHashSet();
        var frontends = compiled.DistinctBy(frontend => frontend.Key).Concat(_rows[key].Select(row => row.Frontend).Where(frontend => !asked.Contains(frontend.Key)))
            .OrderBy(frontend => frontend.Kind).ThenBy(frontend => frontend.Key)
            .Select(frontend => Of(frontend, service, asked.Contains(frontend.Key), slices)).ToList();
        var left = service is null ? "" : ServiceCompiler.LeftAlone(service, moment.Options);
        var state = frontends.Count > 0 ? frontends.Max(frontend => frontend.State) : InspectedState.NotProxied;
        return new InspectedService
        {
            Namespace = key.Namespace,
            Name = key.Name,
            Type = service?.Type.ToString() ?? "",
            State = state,
            Reasons = state == InspectedState.NotProxied ? [left.Length > 0 ? left : "it has no cluster address"] : [.. Reasons(frontends), .. warnings],
            FrontendCount = frontends.Count,
            EndpointCount = compiled.SelectMany(frontend => frontend.Endpoints.Concat(frontend.LocalEndpoints)).Distinct().Count(),
            Frontends = depth == InspectionDepth.Services ? null : frontends,
        };
    }

    private static List<string> Reasons(List<InspectedFrontend> frontends) =>
        [.. frontends.SelectMany(frontend => frontend.Reasons.Select(reason => frontends.Count == 1 ? reason : $"{frontend.Text()}: {reason}"))];

    private InspectedFrontend Of(Frontend frontend, ServiceRow? service, bool isAsked, List<EndpointSliceRow> slices)
    {
        var row = moment.Rows.GetValueOrDefault(frontend.Key);
        var differences = row?.Frontend.Service == frontend.Service ? moment.Drift.Of(frontend.Key) : [];
        var (state, reason) = StateOf(frontend, row, isAsked, differences);
        var isClusterIP = frontend.Kind == FrontendKind.ClusterIP;
        var staysInside = isClusterIP && service?.InternalLocal == true;
        return new InspectedFrontend
        {
            Address = $"{frontend.Key.Address}",
            Port = frontend.Key.Port,
            Protocol = frontend.Key.Protocol.Text(),
            PortName = frontend.PortName,
            Kind = $"{frontend.Kind}",
            TrafficPolicy = staysInside || frontend.Outside == OutsidePolicy.Local ? "Local" : "Cluster",
            AffinitySeconds = frontend.AffinitySeconds,
            SourceRanges = frontend.IsRestricted ? [.. frontend.SourceRanges.Select(range => $"{range}")] : null,
            EndpointCount = frontend.Endpoints.Count,
            LocalEndpointCount = frontend.Outside == OutsidePolicy.Local ? frontend.LocalEndpoints.Count : null,
            State = state,
            Reasons = [.. reason.Length > 0 ? new[] { reason } : [], .. differences.Select(difference => $"{difference}")],
            Endpoints = depth == InspectionDepth.Endpoints ? Endpoints(frontend, row, service, staysInside, slices, differences) : null,
        };
    }

    private static (InspectedState State, string Reason) StateOf(Frontend frontend, FrontendRow? row, bool isAsked, IReadOnlyList<Difference> differences) =>
        row is not null && row.Frontend.Service != frontend.Service ? (InspectedState.Error, $"{row.Frontend.Service} has this address and port")
        : row is { Status: FrontendStatus.Error } ? (InspectedState.Error, row.Error)
        : !isAsked ? (InspectedState.Behind, "no Service asks for it any more")
        : row is null ? (InspectedState.Behind, "not in the kernel yet")
        : row.Frontend != frontend ? (InspectedState.Behind, "the kernel holds an earlier state of it")
        : (differences.Count > 0 ? InspectedState.Differs : InspectedState.InStep, "");

    private IReadOnlyList<InspectedEndpoint> Endpoints(
        Frontend frontend, FrontendRow? row, ServiceRow? service, bool staysInside, List<EndpointSliceRow> slices, IReadOnlyList<Difference> differences)
    {
        var port = service?.Ports.FirstOrDefault(port => port.Name == frontend.PortName && port.Protocol == frontend.Key.Protocol);
        IReadOnlyCollection<EndpointCandidate> candidates = port is null ? [] : EndpointSelection.Candidates(slices, frontend.Key.Address.Family, port);
        var held = row?.Frontend.Service == frontend.Service ? ServiceMoment.Wanted(row) : new Committed(frontend, default, default);
        return new EndpointView(candidates, moment.Node).Of(held, staysInside, differences);
    }
}
