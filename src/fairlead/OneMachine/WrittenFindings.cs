using System.Text.Json.Nodes;
using Fairlead.Cluster;
using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Reflectors;
using Fairlead.Kube.Client;
using Fairlead.Policy.Findings;
using Microsoft.Extensions.Logging;

namespace Fairlead.OneMachine;

/// <summary>
/// Says of a policy or Service that is written what is wrong with it in this cluster, for <c>Warning:</c> headers. Knows the cluster by watching it, so
/// that a write waits for no list; until it knows all of it, it says nothing.
/// </summary>
internal sealed class WrittenFindings(TimeProvider time, ILogger log)
{
    // kubectl prints each on a line of its own: of an object that is wrong everywhere the first few say enough.
    private const int MostSaid = 8;

    private readonly ClusterTables _tables = new();

    /// <summary>The controller that watches.</summary>
    public IController Watching(IKubeApi api) => new Watcher(api, _tables, time, log);

    /// <summary>The warnings of one object, most certain findings alone: what may come yet is no mistake while it is being created.</summary>
    public IEnumerable<string> For(ResourceType type, JsonObject obj) => !Known ? [] : Findings(type, obj)
        .Where(finding => finding.Severity == FindingSeverity.Warning).Select(finding => finding.Line).Take(MostSaid).ToList();

    private bool Known => _tables.Pods.Initialized && _tables.Services.Initialized && _tables.Namespaces.Initialized && _tables.Nodes.Initialized
        && _tables.Policies.Initialized && _tables.ClusterPolicies.Initialized && _tables.ServiceCidrs.Initialized;

    private IEnumerable<Finding> Findings(ResourceType type, JsonObject obj)
    {
        var now = FindingWorld.Of(_tables);
        if (type == ResourceTypes.NetworkPolicies)
        {
            var policy = ObjectRows.NetworkPolicy(obj);
            var world = now.World with { Policies = now.World.Policies.SetItem(policy.Key, policy) };
            return Lint.Of(new FindingWorld(world, now.Services, now.ServiceRanges), policy);
        }

        if (type == ResourceTypes.ClusterNetworkPolicies)
        {
            return Lint.Of(now, ObjectRows.ClusterNetworkPolicy(obj));
        }

        return type == ResourceTypes.Services && Service(obj) is { } service ? Lint.Of(now, service) : [];
    }

    private static ServiceRow? Service(JsonObject obj)
    {
        try
        {
            return ObjectRows.Service(obj);
        }
        catch (FormatException)
        {
            // Its kind has said what is wrong, or it is nothing that leads anywhere.
            return null;
        }
    }

    private sealed class Watcher(IKubeApi api, ClusterTables tables, TimeProvider time, ILogger log) : IController
    {
        public string Name => "written-findings";

        public Task RunAsync(CancellationToken cancellationToken) => new ClusterReflectors(api, tables, time, log).RunPoliciesAsync(cancellationToken);
    }
}
