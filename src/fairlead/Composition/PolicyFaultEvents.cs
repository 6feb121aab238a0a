using Fairlead.Cluster;
using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Client;
using Fairlead.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.Composition;

/// <summary>
/// Tells of what is not understood of a policy, and so is closed, by an Event on the policy and in the log: one Event for each such document, whichever
/// node writes it. The embedded API server lets no such policy in; others do, and later versions of a policy have fields that this program has not.
/// </summary>
internal sealed class PolicyFaultEvents(IKubeApi api, ClusterTables tables, string node, TimeProvider time, ILogger log)
{
    private const string Reason = "PolicyNotUnderstood";

    private readonly EventRecorder _recorder = new(api, "fairlead-agent", node, time, log);

    /// <summary>Writes Events until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var wake = new Wake();
        using var policies = tables.Policies.Subscribe();
        using var cluster = tables.ClusterPolicies.Subscribe();
        policies.Signalled += wake.Ring;
        cluster.Signalled += wake.Ring;
        foreach (var row in tables.Policies.Snapshot().Values)
        {
            await TellAsync(row, cancellationToken);
        }

        foreach (var row in tables.ClusterPolicies.Snapshot().Values)
        {
            await TellAsync(row, cancellationToken);
        }

        while (true)
        {
            await wake.WaitAsync(cancellationToken);
            foreach (var change in policies.Take().Changes.Where(change => change.New is not null))
            {
                await TellAsync(change.New!, cancellationToken);
            }

            foreach (var change in cluster.Take().Changes.Where(change => change.New is not null))
            {
                await TellAsync(change.New!, cancellationToken);
            }
        }
    }

    private Task TellAsync(PolicyRow row, CancellationToken cancellationToken) =>
        TellAsync(ResourceTypes.NetworkPolicies, row.Key, row.Uid, row.Faults, cancellationToken);

    private Task TellAsync(ClusterPolicyRow row, CancellationToken cancellationToken) =>
        TellAsync(ResourceTypes.ClusterNetworkPolicies, new ObjectKey("", row.Name), row.Uid, row.Faults, cancellationToken);

    private async Task TellAsync(ResourceType type, ObjectKey key, string uid, ValueArray<string> faults, CancellationToken cancellationToken)
    {
        if (faults.Count == 0)
        {
            return;
        }

        var message = $"Not understood, and closed: {string.Join("; ", faults)}";
        log.PolicyNotUnderstood(type.Kind, key, message);
        await _recorder.OnceAsync(new EventSubject(type.ApiVersion, type.Kind, key, uid), true, Reason, message, cancellationToken);
    }
}
