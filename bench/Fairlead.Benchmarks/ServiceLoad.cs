using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;

namespace Fairlead.Benchmarks;

/// <summary>Services and endpoints by number, as rows: the load that figures of scale are taken under. No two endpoints have an address in common.</summary>
internal static class ServiceLoad
{
    /// <summary>The node it is measured on; the endpoints are on another.</summary>
    public const string Node = "n1";

    /// <summary>Tables that hold the first so many Services.</summary>
    public static ClusterTables Tables(int services, int endpoints)
    {
        var tables = new ClusterTables();
        tables.Nodes.Replace([new(Node, new NodeRow { Name = Node, InternalIPs = [IpAddr.Parse("172.30.0.11")] })]);
        tables.ServiceCidrs.MarkInitialized();
        tables.Services.Replace([.. Enumerable.Range(0, services).Select(i => KeyValuePair.Create(Key(i), Service(i)))]);
        tables.EndpointSlices.Replace([.. Enumerable.Range(0, services).Select(i => KeyValuePair.Create(Key(i), Slice(i, endpoints)))]);
        return tables;
    }

    /// <summary>Name of a Service, and of its slice.</summary>
    public static ObjectKey Key(int i) => new("load", $"s{i}");

    /// <summary>A Service with one port.</summary>
    public static ServiceRow Service(int i) => new()
    {
        Key = Key(i),
        ClusterIPs = [ClusterIP(i)],
        Ports = [new ServicePort("", IpProtocol.Tcp, 80, 0, "8080", "")],
    };

    /// <summary>Its slice with the first so many endpoints.</summary>
    public static EndpointSliceRow Slice(int i, int endpoints) => new()
    {
        Key = Key(i),
        Service = Key(i),
        Ports = [new EndpointPort("", IpProtocol.Tcp, 8080)],
        Endpoints = [.. Enumerable.Range(0, endpoints).Select(e => new SliceEndpoint { Address = Endpoint(i, e), NodeName = "n2" })],
    };

    /// <summary>Its address.</summary>
    public static IpAddr ClusterIP(int i) => IpAddr.FromValue(IpFamily.V4, IpAddr.Parse("10.96.1.0").Value + (uint)i);

    /// <summary>Address of one of at most 16 endpoints.</summary>
    public static IpAddr Endpoint(int i, int e) => IpAddr.FromValue(IpFamily.V4, IpAddr.Parse("10.128.0.0").Value + (uint)((i * 16) + e));
}
