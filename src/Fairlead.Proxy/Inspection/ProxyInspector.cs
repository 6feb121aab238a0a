using Fairlead.Cluster;
using Fairlead.Nftables;
using Fairlead.Nftables.Rulesets;
using Fairlead.Proxy.Compile;
using Fairlead.Proxy.Drift;
using Fairlead.Proxy.Frontends;
using Fairlead.Proxy.Nftables;

namespace Fairlead.Proxy.Inspection;

/// <summary>
/// Reads rows and kernel between two of the room's passes, and compares them. The room waits for nothing of this. What differs is read again, until two
/// readings that nothing came in between agree; where something always does, only what every reading shows of rows that stayed as they were is told.
/// </summary>
internal sealed class ProxyInspector(
    ProxyOptions options, ClusterTables tables, Table<FrontendKey, FrontendRow> frontends, Func<Revisions> now, CommitProgress progress, CommitPasses passes,
    TimeProvider time)
{
    private const int Readings = 4;

    // What the room has not taken within this time it is behind with.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly ProxySchema _schema = new(options);

    /// <summary>See <see cref="ProxyRoom.InspectAsync"/>.</summary>
    public async Task<NodeInspection> InspectAsync(INft nft, Func<NodeView> node, InspectionQuery query, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        TableDrift? seen = null;
        for (var (reading, calm) = (0, 0); ; reading++)
        {
            var number = await QuietAsync(patience.Token, cancellationToken);
            var (before, generation) = (frontends.Snapshot(), await nft.GenerationAsync(cancellationToken));
            var drift = await CompareAsync(nft, before, node(), cancellationToken);
            var isCalm = passes.IsStill(number) && await nft.GenerationAsync(cancellationToken) == generation;
            if (!isCalm)
            {
                await QuietAsync(patience.Token, cancellationToken);
            }

            var (services, slices, rows) = (tables.Services.Snapshot(), tables.EndpointSlices.Snapshot(), frontends.Snapshot());
            seen = drift.Also(seen, key => ReferenceEquals(before.GetValueOrDefault(key), rows.GetValueOrDefault(key)));
            calm += isCalm ? 1 : 0;
            if (seen.IsEmpty || calm == 2 || reading + 1 == Readings)
            {
                var moment = new ServiceMoment(services, Slices(slices.Values, query), rows, seen, node(), options);
                return new NodeInspection(options.NodeName, Problems(seen), new ServiceView(moment, query.Depth).All(query));
            }
        }
    }

    /// <summary>Waits until no pass is under way and the room has taken everything; the latter only as long as patience lasts.</summary>
    private async Task<long> QuietAsync(CancellationToken patience, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience, cancellationToken);
        while (true)
        {
            try
            {
                await progress.WaitAsync(now(), either.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // Then it is told as it is: behind.
                return await passes.QuietAsync(cancellationToken);
            }

            var number = await passes.QuietAsync(cancellationToken);
            if (progress.Covers(now()))
            {
                return number;
            }
        }
    }

    private async Task<TableDrift> CompareAsync(INft nft, IReadOnlyDictionary<FrontendKey, FrontendRow> rows, NodeView node, CancellationToken cancellationToken)
    {
        var held = rows.Select(row => KeyValuePair.Create(row.Key, ServiceMoment.Wanted(row.Value))).ToList();
        Ruleset? actual;
        try
        {
            actual = await nft.ReadRoughlyAsync(ProxySchema.Table.Name, cancellationToken);
        }
        catch (NftException e) when (e.IsForeign)
        {
            return TableCheck.Without(held, new Difference(DifferenceKind.Changed) { What = e.Message });
        }

        return TableCheck.Compare(actual, held, [.. FrontendElements.OfNode(node, _schema)], _schema);
    }

    private static ILookup<ObjectKey, EndpointSliceRow> Slices(IEnumerable<EndpointSliceRow> slices, InspectionQuery query) => slices
        .Where(slice => (query.Namespace is "" || slice.Service.Namespace == query.Namespace) && (query.Name is "" || slice.Service.Name == query.Name))
        .ToLookup(slice => slice.Service);

    private List<string> Problems(TableDrift drift)
    {
        var problems = new List<string>();
        if (!frontends.Initialized)
        {
            problems.Add("no Service has been programmed yet: the agent waits for the API server's lists and for its Node, or the kernel refuses the table");
        }

        problems.AddRange(drift.Table.Select(difference => $"all Services: {difference}"));
        problems.AddRange(drift.Node.Select(difference => $"the node's own ranges: {difference}"));
        return problems;
    }
}
