using Fairlead.Cluster;
using Fairlead.Dns.Chain;
using Fairlead.Dns.Config;
using Fairlead.Dns.Forward;

namespace Fairlead.Dns.Explain;

/// <summary>
/// Answers names as the DNS of a node would, from tables that have listed what a cluster has: without a node, and without a packet. What only upstreams know stays
/// open.
/// </summary>
public sealed class NameEvaluator : IDisposable
{
    private readonly ZoneIndexes _indexes;
    private readonly ChainBuilder _builder;
    private readonly DnsExplainer _explainer;

    /// <summary>Evaluates what the tables hold now.</summary>
    /// <param name="tables">Services, EndpointSlices, namespaces, pods, and the ConfigMap with the Corefile, each listed once.</param>
    /// <param name="options">The server; its Corefile is the one that is read.</param>
    /// <param name="time">Clock.</param>
    /// <exception cref="FormatException">The Corefile is not understood: the message names every error with its line.</exception>
    public NameEvaluator(ClusterTables tables, DnsOptions options, TimeProvider time)
    {
        var config = ConfigOf(tables, options);
        Domain = config.Blocks.Select(block => block.Kubernetes?.PrimaryZone).FirstOrDefault(zone => zone is not null) ?? options.Zone;
        _indexes = new ZoneIndexes(tables, options, time);
        _builder = new ChainBuilder(_indexes, (forward, cache) => new Forwarder(forward, cache, () => [], time, new DnsCounters(time)));
        var chains = _builder.Build(config);
        _explainer = new DnsExplainer(() => chains, tables, Domain) { AsksUpstream = false };
    }

    /// <summary>The zone that pods search, without dots at its ends.</summary>
    public string Domain { get; }

    /// <summary>The answer and why it is what it is; null: that is no question.</summary>
    public Task<NameExplanation?> ExplainAsync(NameQuestion question, CancellationToken cancellationToken) => _explainer.ExplainAsync(question, cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _builder.Dispose();
        _indexes.Dispose();
    }

    private static DnsConfig ConfigOf(ClusterTables tables, DnsOptions options)
    {
        if (options.Corefile is not { } key || tables.ConfigMaps.Get(key) is not { } row)
        {
            return ChainBuilder.BuiltIn(options);
        }

        var reading = row.Data.TryGetValue(Corefile.Key, out var text) ? Corefile.Read(text, row.Data) : new CorefileReading(null, [$"ConfigMap {key} has no key {Corefile.Key}"], []);
        return reading.Config ?? throw new FormatException(string.Join("; ", reading.Errors));
    }
}
