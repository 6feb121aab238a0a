using System.Net.Sockets;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Dns;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Route;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.KernelTests.Dns;

/// <summary>Rooms in a namespace of the test's own, over tables that it fills.</summary>
internal sealed class DnsRoomLab : IAsyncDisposable
{
    private readonly CancellationTokenSource _end = new();
    private readonly List<Task> _running = [];

    public DnsRoomLab()
    {
        using var route = RouteSocket.Open(Netns.Namespace);
        route.SetUp("lo");
    }

    public TestNetns Netns { get; } = new();

    /// <summary>A cluster with one Service <c>api</c>, listed once.</summary>
    /// <param name="ns">Its namespace.</param>
    /// <param name="address">Its cluster address.</param>
    /// <param name="dns">The cluster address of the DNS; empty: its Service is not known.</param>
    public static ClusterTables Tables(string ns = "prod", string address = "10.96.1.1", string dns = "")
    {
        var tables = new ClusterTables();
        foreach (var (key, one) in new[] { (new ObjectKey("kube-system", "kube-dns"), dns), (new ObjectKey(ns, "api"), address) }.Where(pair => pair.Item2.Length > 0))
        {
            tables.Services.Upsert(key, new ServiceRow { Key = key, ClusterIPs = [IpAddr.Parse(one)] });
        }

        tables.Namespaces.Upsert(ns, new NamespaceRow(ns, Labels.Empty));
        tables.Services.MarkInitialized();
        tables.EndpointSlices.MarkInitialized();
        tables.Namespaces.MarkInitialized();
        return tables;
    }

    /// <summary>Runs a room until the lab ends.</summary>
    public DnsRoom Run(ClusterTables tables, DnsOptions options, TimeProvider? time = null, IReadOnlyList<Socket>? held = null)
    {
        var room = new DnsRoom(tables, options, held ?? [], time ?? TimeProvider.System, NullLogger.Instance) { Namespace = Netns.Namespace };
        _running.Add(Task.Run(() => room.RunAsync(_end.Token)));
        return room;
    }

    /// <summary>Runs one that serves when this returns.</summary>
    public DnsRoom Start(ClusterTables tables, DnsOptions options, TimeProvider? time = null, IReadOnlyList<Socket>? held = null)
    {
        var room = Run(tables, options, time, held);
        room.Serving.Wait(Deadline.Token());
        return room;
    }

    public Socket Socket(SocketType type) => Netns.Run(() => new Socket(AddressFamily.InterNetwork, type, ProtocolType.Unspecified));

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        foreach (var room in _running)
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => room);
        }

        _end.Dispose();
        Netns.Dispose();
    }
}
