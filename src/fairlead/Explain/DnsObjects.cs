using System.Text.Json.Nodes;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Reflectors;
using Fairlead.Dns;
using Fairlead.Dns.Explain;
using Fairlead.Kube.Client;
using Fairlead.Linux.Addresses;
using Fairlead.Pods;
using Fairlead.Policy;
using Fairlead.Serving;
using Fairlead.State;
using Fairlead.Terminal;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Explain;

/// <summary>
/// A cluster's names evaluated from its objects, read through the API server with the user's own rights: for clusters whose nodes cannot be asked from here.
/// </summary>
internal sealed class DnsObjects : IDisposable
{
    private static readonly ObjectKey Corefile = new("kube-system", "coredns");
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly ResourceType[] Read =
        [ResourceTypes.Namespaces, ResourceTypes.Services, ResourceTypes.EndpointSlices, ResourceTypes.Pods, ResourceTypes.NetworkPolicies];

    private readonly ClusterTables _tables;
    private readonly NameEvaluator _names;
    private readonly OnDemandTable<ObjectKey, ServiceRow>.Reading _imports;

    private DnsObjects(ClusterTables tables, NameEvaluator names, OnDemandTable<ObjectKey, ServiceRow>.Reading imports) => (_tables, _names, _imports) = (tables, names, imports);

    private ValueArray<IpAddr> Servers => _tables.Services.Get(PolicyWorld.DnsService)?.ClusterIPs ?? default;

    /// <summary>What the answers rest on, for people.</summary>
    public string Basis => _tables.ConfigMaps.Get(Corefile) is null
        ? $"evaluated from the cluster's objects, without a ConfigMap {Corefile}: no node and no upstream was asked"
        : $"evaluated from the cluster's objects and ConfigMap {Corefile}: no node and no upstream was asked";

    /// <summary>Reads what names are made of.</summary>
    /// <exception cref="UserError">The user may not read it, the API server is silent, or the Corefile is not understood.</exception>
    public static async Task<DnsObjects> ReadAsync(KubeClient api, CancellationToken cancellationToken)
    {
        var tables = new ClusterTables();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            foreach (var type in Read)
            {
                // What may not be read is told at once; a reflector would try for ever.
                await api.ListAsync(type, "", ListOptions.All with { Limit = 1 }, limit.Token);
            }

            var imports = tables.ServiceImports.Read();
            await FillAsync(api, tables, imports.Table, limit.Token);
            return new DnsObjects(tables, new NameEvaluator(tables, new DnsOptions { Corefile = Corefile }, TimeProvider.System), imports);
        }
        catch (KubeException e)
        {
            throw new UserError($"the API server refuses: {e.Message}", "names are evaluated from namespaces, services, endpointslices, pods and networkpolicies of the whole cluster, which you must be allowed to list");
        }
        catch (HttpRequestException e)
        {
            throw new UserError($"the API server does not answer: {(e.InnerException ?? e).Message}", "`kubectl cluster-info` asks the same");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new UserError("the API server does not answer in time", "`kubectl cluster-info` asks the same");
        }
        catch (FormatException e)
        {
            throw new UserError($"ConfigMap {Corefile} has what is not understood here, so that nothing can be said of its answers: {e.Message}");
        }
    }

    /// <summary>The pod's resolv.conf, as far as objects say.</summary>
    public ResolverConfiguration ConfigurationOf(JsonObject pod) =>
        ResolverConfiguration.Parse(PodResolver.ConfigurationOf(pod, [.. Servers.Select(server => server.ToIPAddress())], _names.Domain));

    /// <summary>Evaluates one name.</summary>
    public async Task<DnsAnswer> AskAsync(IpAddr client, string name, string type, CancellationToken cancellationToken) => new()
    {
        Servers = [.. Servers.Select(server => server.ToString())],
        DeniedBy = [.. DnsExplanationPage.DeniedBy(_tables, client, Servers).Select(key => key.ToString())],
        Explanation = await _names.ExplainAsync(new NameQuestion(client, name, type), cancellationToken),
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        _names.Dispose();
        _imports.Dispose();
    }

    // Whether imports are wanted is known only with the Corefile: a cluster without them says so at once.
    private static async Task FillAsync(KubeClient api, ClusterTables tables, Table<ObjectKey, ServiceRow> imports, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var wake = new Wake();
        using var services = tables.Services.Subscribe();
        using var slices = tables.EndpointSlices.Subscribe();
        using var namespaces = tables.Namespaces.Subscribe();
        using var pods = tables.Pods.Subscribe();
        using var policies = tables.Policies.Subscribe();
        using var configMaps = tables.ConfigMaps.Subscribe();
        using var imported = imports.Subscribe();
        imported.Signalled += wake.Ring;
        tables.ServiceImports.Changed += wake.Ring;
        services.Signalled += wake.Ring;
        slices.Signalled += wake.Ring;
        namespaces.Signalled += wake.Ring;
        pods.Signalled += wake.Ring;
        policies.Signalled += wake.Ring;
        configMaps.Signalled += wake.Ring;
        var reading = new ClusterReflectors(api, tables, TimeProvider.System, NullLogger.Instance) { ConfigMap = Corefile }.RunAsync(ending.Token);
        while (!(services.Take().Initialized & slices.Take().Initialized & namespaces.Take().Initialized
            & pods.Take().Initialized & policies.Take().Initialized & configMaps.Take().Initialized
            & (imported.Take().Initialized || tables.ServiceImports.Refusal.Length > 0)))
        {
            await wake.WaitAsync(cancellationToken);
        }

        await ending.CancelAsync();
        await reading.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }
}
