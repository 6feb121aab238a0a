using System.Text.Json.Nodes;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Dns;
using Fairlead.Dns.Explain;
using Fairlead.Linux.Addresses;
using Fairlead.Live;
using Fairlead.Pods;
using Fairlead.Policy;
using Fairlead.Serving;
using Fairlead.State;
using Fairlead.Terminal;

namespace Fairlead.Explain;

/// <summary>
/// A cluster's names evaluated from its objects, read through the API server with the user's own rights: for clusters whose nodes cannot be asked from here.
/// </summary>
internal sealed class DnsObjects : IDisposable
{
    private static readonly ObjectKey Corefile = new("kube-system", "coredns");
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
    public static async Task<DnsObjects> ReadAsync(UserCluster cluster, CancellationToken cancellationToken)
    {
        // Whether imports are wanted is known only with the Corefile: a cluster without them says so at once.
        var tables = new ClusterTables();
        var imports = tables.ServiceImports.Read();
        await cluster.FillAsync(tables, Corefile, cancellationToken);
        try
        {
            return new DnsObjects(tables, new NameEvaluator(tables, new DnsOptions { Corefile = Corefile }, TimeProvider.System), imports);
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
}
