using System.Text.Json.Nodes;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Reflectors;
using Fairlead.Ingress;
using Fairlead.Ingress.Translate;
using Fairlead.Kube.Selectors;
using Fairlead.Kube.Yaml;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Tests.Ingress.Translate;

/// <summary>A cluster's tables, and the routes that are compiled of them, one pass at a time.</summary>
internal sealed class RoutingWorld : IDisposable
{
    public const string OurClass = "fairlead";

    private readonly Lazy<RoutePass> _pass;

    public RoutingWorld(IngressOptions? options = null)
    {
        Options = options ?? new IngressOptions();
        _pass = new(() => new RouteCompiler(Options, Cluster, Tables).Open(Wake));
        Cluster.IngressClasses.Upsert(OurClass, new IngressClassRow { Name = OurClass, Controller = Options.Controller });
    }

    public IngressOptions Options { get; }

    public ClusterTables Cluster { get; } = new();

    public IngressTables Tables { get; } = new();

    public Wake Wake { get; } = new();

    public RoutePass Pass => _pass.Value;

    public void Dispose() => Pass.Dispose();

    public RoutingWorld Run()
    {
        Cluster.Ingresses.MarkInitialized();
        Cluster.IngressClasses.MarkInitialized();
        Cluster.Services.MarkInitialized();
        Cluster.EndpointSlices.MarkInitialized();
        Cluster.Nodes.MarkInitialized();
        Pass.Run();
        return this;
    }

    /// <summary>Ingresses and classes, as YAML has them.</summary>
    public RoutingWorld Apply(string yaml)
    {
        foreach (var document in YamlReader.ReadAll(new StringReader(yaml)))
        {
            Apply((JsonObject)document, isDeletion: false);
        }

        return Run();
    }

    public void Apply(JsonObject document, bool isDeletion)
    {
        if (document["kind"]!.GetValue<string>() == "IngressClass")
        {
            var row = IngressReader.Class(document);
            Set(Cluster.IngressClasses, row.Name, isDeletion ? null : row);
        }
        else
        {
            var row = IngressReader.Ingress(document);
            Set(Cluster.Ingresses, row.Key, isDeletion ? null : row);
        }
    }

    /// <summary>An Ingress of one rule: Prefix paths that each lead to the Service of its own letters, port 80.</summary>
    public IngressRow Ingress(string name, int age, string host, params string[] paths) => Put(new IngressRow
    {
        Key = Key(name),
        CreatedAt = DateTimeOffset.UnixEpoch.AddDays(1000 - age),
        ClassName = OurClass,
        Rules = [new IngressRule(host, paths.Select(path => new IngressPath(path, PathType.Prefix, To(name.Split('/')[^1]))).ToValueArray())],
    });

    public IngressRow Put(IngressRow row)
    {
        Cluster.Ingresses.Upsert(row.Key, row);
        return row;
    }

    /// <summary>A Service with port 80, named http, and ready endpoints 10.0.0.1 and so on at port 8080.</summary>
    public void Service(string name, int endpoints = 1, Func<ServiceRow, ServiceRow>? change = null)
    {
        var service = new ServiceRow { Key = Key(name), Ports = [new ServicePort("http", IpProtocol.Tcp, 80, 0, "8080", "")], ClusterIPs = [IpAddr.Parse("10.96.0.1")] };
        Cluster.Services.Upsert(service.Key, change is null ? service : change(service));
        Slice(name, [.. Enumerable.Range(1, endpoints).Select(i => new SliceEndpoint { Address = IpAddr.Parse($"10.0.0.{i}") })]);
    }

    public void Slice(string service, SliceEndpoint[] endpoints, IpFamily? family = null, string suffix = "")
    {
        var key = Key(service);
        Cluster.EndpointSlices.Upsert(key with { Name = $"{key.Name}{suffix}" }, new EndpointSliceRow
        {
            Key = key with { Name = $"{key.Name}{suffix}" },
            Service = key,
            Family = family ?? IpFamily.V4,
            Ports = [new EndpointPort("http", IpProtocol.Tcp, 8080)],
            Endpoints = endpoints.ToValueArray(),
        });
    }

    /// <summary>Whose route a request takes and where it leads: <c>ingress service:port</c>, or none.</summary>
    public string Ask(string host, string path) => Tables.Routes.Match(host, path) is { } route
        ? $"{route.Ingress} {route.Backend.Key.Service.Name}:{route.Backend.Key.Port}" : "none";

    /// <summary>Where the endpoints of a path are, or why there are none.</summary>
    public string Endpoints(string host, string path) => Tables.Routes.Match(host, path)!.Backend.State is var state && state.Endpoints.Count > 0
        ? string.Join(',', state.Endpoints.Select(endpoint => endpoint.Authority)) : state.Missing;

    /// <summary>What an Ingress is told, <c>Reason: message</c>, a line each; null when it is not served.</summary>
    public string? Findings(string ingress) => Tables.Served.Get(Key(ingress)) is { } row
        ? string.Join('\n', row.Findings.Select(finding => $"{finding.Reason}: {finding.Message}")) : null;

    /// <summary>Annotations of ingress-nginx, without their prefix.</summary>
    public static Labels Annotations(params (string Name, string Value)[] annotations) =>
        Labels.From(annotations.Select(one => KeyValuePair.Create($"nginx.ingress.kubernetes.io/{one.Name}", one.Value)));

    public static IngressBackend To(string service, ushort port = 80) => new(service, "", port);

    public static ObjectKey Key(string name) => name.Split('/') is [var space, var rest] ? new ObjectKey(space, rest) : new ObjectKey("shop", name);

    private static void Set<TKey, TRow>(Table<TKey, TRow> table, TKey key, TRow? row)
        where TKey : notnull
        where TRow : class
    {
        if (row is null)
        {
            table.Delete(key);
        }
        else
        {
            table.Upsert(key, row);
        }
    }
}
