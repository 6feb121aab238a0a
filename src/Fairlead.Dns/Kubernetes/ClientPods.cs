using System.Collections.Concurrent;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Dns.Kubernetes;

/// <summary>How a pod's resolver completes a name, after the name below its namespace: below <c>svc.zone</c>, below the zone, and then as said here.</summary>
/// <param name="Pod">The pod's uid.</param>
/// <param name="Namespace">Its namespace as a label with its length byte.</param>
/// <param name="Beyond">Further search domains, wire form; null: what comes beyond the zone is left to the pod.</param>
internal sealed record SearchPath(string Pod, byte[] Namespace, byte[][]? Beyond);

/// <summary>Whose names are completed, and by what.</summary>
/// <param name="Clients">The pods; null: nobody's are.</param>
/// <param name="Client">Who asks.</param>
internal readonly record struct Completion(ClientPods? Clients, IpAddr Client)
{
    /// <summary>The path of the client when the name asked for has its first element behind it; null otherwise.</summary>
    public SearchPath? Find(scoped ZoneQuestion question)
    {
        var own = question.Before - 2;
        return own > 0 && Clients?.Find(Client) is { } path && question.Name.Label(own + 1).SequenceEqual("svc"u8)
            && question.Name.Labels(own, own + 1).SequenceEqual(path.Namespace) && question.Name.From(question.Before).SequenceEqual(Clients.Zone)
            ? path
            : null;
    }

    /// <summary>What the client's resolver would ask beyond the zone for a name that has its first element behind it; null: nothing.</summary>
    public IReadOnlyList<byte[]>? Search(scoped ReadOnlySpan<byte> asked) =>
        Clients?.Find(Client) is { } path && Clients.Names(path, asked) is { Count: > 0 } names ? names : null;
}

/// <summary>
/// The search paths of this node's own pods, by their addresses; pods of the node's network have none. One writer, any number of readers. A name asked for
/// below another namespace than the one known is never completed, so that an address that has just changed hands does no harm.
/// </summary>
internal sealed class ClientPods : IDisposable
{
    private readonly ConcurrentDictionary<IpAddr, SearchPath> _paths = new();
    private readonly ChangeFeed<ObjectKey, PodRow> _pods;
    private readonly DnsOptions _server;

    /// <param name="tables">Pods.</param>
    /// <param name="server">Whose server it is.</param>
    /// <param name="time">Clock.</param>
    /// <param name="wake">Rung when there is something to apply.</param>
    public ClientPods(ClusterTables tables, DnsOptions server, TimeProvider time, Wake wake)
    {
        (_server, Time) = (server, time);
        Zone = DnsName.Encode(server.Zone);
        _pods = tables.Pods.Subscribe();
        _pods.Signalled += wake.Ring;
    }

    /// <summary>The zone of the pods' search paths, wire form, lower case.</summary>
    public byte[] Zone { get; }

    /// <summary>Clock.</summary>
    public TimeProvider Time { get; }

    /// <summary>The search path of the pod with this address; null: there is none here, or its names are not to be completed.</summary>
    public SearchPath? Find(IpAddr client) => _paths.GetValueOrDefault(client);

    /// <summary>What a pod's resolver would ask beyond the zone for a name that begins with what it was told to find.</summary>
    /// <param name="path">The pod's.</param>
    /// <param name="asked">The name with the first element of the path, wire form.</param>
    public IReadOnlyList<byte[]> Names(SearchPath path, scoped ReadOnlySpan<byte> asked)
    {
        var stem = asked[..^(path.Namespace.Length + "\u0003svc"u8.Length + Zone.Length)].ToArray();
        var several = stem.Length > 1 + stem[0];
        return
        [
            .. (path.Beyond ?? []).Select(domain => (byte[])[.. stem, .. domain]).Where(name => name.Length <= DnsReader.MaxName),

            // A name of one label is nobody's but a search domain's.
            .. several ? [(byte[])[.. stem, 0]] : Array.Empty<byte[]>(),
        ];
    }

    /// <summary>Applies what there is now.</summary>
    public void Apply()
    {
        byte[][]? host = null;
        foreach (var change in _pods.Take().Changes)
        {
            foreach (var address in AddressesOf(change.Old))
            {
                // Another pod may have the address by now.
                if (_paths.TryGetValue(address, out var there) && there.Pod == change.Old!.Uid && !AddressesOf(change.New).Contains(address))
                {
                    _paths.TryRemove(address, out _);
                }
            }

            foreach (var address in AddressesOf(change.New))
            {
                // A pod's resolv.conf is written once.
                if (!_paths.TryGetValue(address, out var there) || there.Pod != change.New!.Uid)
                {
                    Set(address, change.New!, host ??= Encode(_server.HostSearches ?? Forward.HostResolvers.ReadSearches()));
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _pods.Dispose();

    private static byte[][] Encode(IEnumerable<string> domains) => [.. domains.Select(domain => DnsName.TryEncode(domain, out var wire) ? wire : []).Where(wire => wire.Length > 0)];

    private ValueArray<IpAddr> AddressesOf(PodRow? pod) =>
        pod is not null && pod.NodeName.Length > 0 && pod.NodeName == _server.NodeName ? pod.NetworkIPs : default;

    private void Set(IpAddr address, PodRow pod, byte[][] host)
    {
        string[] cluster = [$"{pod.Key.Namespace}.svc.{_server.Zone}", $"svc.{_server.Zone}", _server.Zone];
        IReadOnlyList<string> own = [.. pod.DnsSearches];

        // One with a list of its own is like the others when that begins as theirs do.
        if (!pod.SearchesCluster && !own.Take(3).SequenceEqual(cluster, StringComparer.OrdinalIgnoreCase))
        {
            _paths.TryRemove(address, out _);
            return;
        }

        byte[][] beyond = [.. pod.SearchesCluster ? host : [], .. Encode(pod.SearchesCluster ? own : own.Skip(3))];
        var leavesZone = !beyond.Any(domain => domain.AsSpan().EndsWith(Zone));
        _paths[address] = new SearchPath(pod.Uid, DnsName.Encode(pod.Key.Namespace)[..^1], leavesZone ? beyond : null);
    }
}
