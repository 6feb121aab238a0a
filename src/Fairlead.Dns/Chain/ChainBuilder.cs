using Fairlead.Dns.Config;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Hosts;
using Fairlead.Dns.Kubernetes;
using Fairlead.State;

namespace Fairlead.Dns.Chain;

/// <summary>
/// Puts a configuration to work. What stays the same from one to the next is kept: the names of a zone, and forwarders with their caches.
/// </summary>
/// <param name="indexes">The names of zones.</param>
/// <param name="newForwarder">Makes one.</param>
internal sealed class ChainBuilder(ZoneIndexes indexes, Func<ForwardOptions, CacheOptions?, Forwarder> newForwarder) : IDisposable
{
    private Dictionary<ForwarderKey, Forwarder> _forwarders = [];

    /// <summary>The configuration without a Corefile: the cluster's zone, reverse names of the cluster's own ranges, and the host's resolvers for all others.</summary>
    public static DnsConfig BuiltIn(DnsOptions server) => new()
    {
        Blocks =
        [
            new ServerBlock
            {
                Zones = [""],
                Plugins = ["autopath", "cache", "forward", "kubernetes", "loadbalance"],
                RoundRobin = true,
                Autopath = true,
                Kubernetes = new KubernetesOptions
                {
                    Zones = [server.Zone, "in-addr.arpa", "ip6.arpa"],
                    Ttl = (uint)server.TtlSeconds,
                    Pods = PodNames.Insecure,
                    Fallthrough = ["in-addr.arpa", "ip6.arpa"],
                    OwnRanges = server.ClusterRanges.ToValueArray(),
                },
                Forwards = [ForwardOptions.Host],
                Cache = new CacheOptions(),
            },
        ],
    };

    /// <summary>The chains of a configuration. Those built before go on answering until they are let go.</summary>
    public DnsChains Build(DnsConfig config)
    {
        var (old, now) = (_forwarders, new Dictionary<ForwarderKey, Forwarder>());
        var chains = indexes.Replace(index => config.Blocks.Select(block => Chain(block, index, old, now)).ToArray());
        _forwarders = now;
        foreach (var (_, forwarder) in old.Where(one => !now.ContainsKey(one.Key)))
        {
            // Queries that it was asked before are still answered.
            forwarder.Dispose();
        }

        return new DnsChains(chains);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var forwarder in _forwarders.Values)
        {
            forwarder.Dispose();
        }
    }

    private DnsChain Chain(
        ServerBlock block, Func<KubernetesOptions, ZoneIndex> index, Dictionary<ForwarderKey, Forwarder> old, Dictionary<ForwarderKey, Forwarder> now)
    {
        var forwarders = block.Forwards.Select(options =>
        {
            var key = new ForwarderKey(block.Zones, options, block.Cache);
            if (!now.TryGetValue(key, out var forwarder))
            {
                now[key] = forwarder = old.TryGetValue(key, out var kept) ? kept : newForwarder(options, block.Cache);
            }

            return forwarder;
        });
        var hosts = block.Hosts is { } names ? new HostsZone(names, block.RoundRobin) : null;
        var cluster = block.Kubernetes is { } options ? new KubernetesZone(index, options, block.RoundRobin) : null;
        return new DnsChain(block, hosts, cluster, [.. forwarders], block.Autopath ? indexes.Clients : null);
    }

    private sealed record ForwarderKey(ValueArray<string> Zones, ForwardOptions Options, CacheOptions? Cache);
}
