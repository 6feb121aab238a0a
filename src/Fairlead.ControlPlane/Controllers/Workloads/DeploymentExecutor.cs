using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.ControlPlane.Controllers.Workloads;

/// <summary>Writes what a <see cref="DeploymentPlan"/> says.</summary>
internal sealed class DeploymentExecutor(ControllerContext context, EventRecorder events, DeploymentInfo deployment)
{
    private readonly string _space = deployment.Meta.Key.Namespace;

    public async Task RunAsync(DeploymentPlan plan, CancellationToken cancellationToken)
    {
        foreach (var set in plan.Adopt)
        {
            await PatchSetAsync(set, Ownership.Patch(set.Meta, [.. set.Meta.Owners, Owner()]), cancellationToken);
        }

        foreach (var set in plan.Release)
        {
            var others = set.Meta.Owners.Where(owner => owner.Uid != deployment.Meta.Uid);
            await PatchSetAsync(set, Ownership.Patch(set.Meta, [.. others]), cancellationToken);
        }

        var collided = plan.Create is not null && !await CreateAsync(plan.Create, cancellationToken);
        foreach (var change in plan.Change)
        {
            await ChangeAsync(change, cancellationToken);
        }

        foreach (var set in plan.Delete)
        {
            await Deletion.DeleteAsync(context.Api, ResourceTypes.ReplicaSets, set.Meta, context.ReplicaSets, cancellationToken);
        }

        if (plan.NewRevision is { } revision)
        {
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [DeploymentPlan.Revision] = revision } } };
            await PatchAsync("", patch, cancellationToken);
        }

        var status = collided ? deployment.Status with { CollisionCount = deployment.Status.CollisionCount + 1 } : plan.Status;
        if (status != deployment.Status)
        {
            await PatchAsync("status", new JsonObject { ["status"] = StatusJson(status) }, cancellationToken);
        }
    }

    /// <summary>False when the name belongs to a ReplicaSet of another template.</summary>
    private async Task<bool> CreateAsync(NewReplicaSet create, CancellationToken cancellationToken)
    {
        try
        {
            context.ReplicaSets.Observe(await context.Api.CreateAsync(ResourceTypes.ReplicaSets, _space, Body(create), cancellationToken));
        }
        catch (KubeException e) when (e.Code == 409)
        {
            var present = ReplicaSetInfo.Read(await context.Api.GetAsync(ResourceTypes.ReplicaSets, _space, create.Name, cancellationToken));
            return present.Meta.Controller?.Uid == deployment.Meta.Uid && DeploymentPlan.Current(deployment, [present]) is not null;
        }

        await SayScaledAsync(create.Name, 0, create.Replicas, cancellationToken);
        return true;
    }

    private async Task ChangeAsync(SetChange change, CancellationToken cancellationToken)
    {
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["resourceVersion"] = change.Set.Meta.ResourceVersion.ToString(CultureInfo.InvariantCulture),
                ["annotations"] = ToJson(change.Annotations),
            },
        };
        if (change.Size != change.Set.Replicas)
        {
            patch["spec"] = new JsonObject { ["replicas"] = change.Size };
        }

        await PatchSetAsync(change.Set, patch, cancellationToken);
        if (change.Size != change.Set.Replicas)
        {
            await SayScaledAsync(change.Set.Meta.Key.Name, change.Set.Replicas, change.Size, cancellationToken);
        }
    }

    private Task SayScaledAsync(string set, int from, int to, CancellationToken cancellationToken) => events.NormalAsync(
        EventSubject.Of(ResourceTypes.Deployments, deployment.Meta),
        "ScalingReplicaSet",
        $"Scaled {(to < from ? "down" : "up")} replica set {set} from {from} to {to}",
        cancellationToken);

    private async Task PatchSetAsync(ReplicaSetInfo set, JsonObject patch, CancellationToken cancellationToken) =>
        context.ReplicaSets.Observe(await context.Api.PatchAsync(
            ResourceTypes.ReplicaSets, _space, set.Meta.Key.Name, "", PatchKind.Merge, patch, cancellationToken));

    private async Task PatchAsync(string subresource, JsonObject patch, CancellationToken cancellationToken) =>
        context.Deployments.Observe(await context.Api.PatchAsync(
            ResourceTypes.Deployments, _space, deployment.Meta.Key.Name, subresource, PatchKind.Merge, patch, cancellationToken));

    private OwnerReference Owner() => new("apps/v1", "Deployment", deployment.Meta.Key.Name, deployment.Meta.Uid, true, true);

    private JsonObject Body(NewReplicaSet create)
    {
        var template = (JsonObject)JsonNode.Parse(deployment.Template)!;
        var meta = template["metadata"] as JsonObject ?? [];
        template["metadata"] = meta;
        var labels = meta["labels"] as JsonObject ?? [];
        meta["labels"] = labels;
        labels[PodTemplate.HashLabel] = create.Hash;
        var selector = (JsonObject)JsonNode.Parse(deployment.SelectorJson)!;
        var matched = selector["matchLabels"] as JsonObject ?? [];
        selector["matchLabels"] = matched;
        matched[PodTemplate.HashLabel] = create.Hash;
        return new JsonObject
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "ReplicaSet",
            ["metadata"] = new JsonObject
            {
                ["name"] = create.Name,
                ["namespace"] = _space,
                ["labels"] = labels.DeepClone(),
                ["annotations"] = ToJson(create.Annotations),
                ["ownerReferences"] = new JsonArray(Owner().ToJson()),
            },
            ["spec"] = new JsonObject
            {
                ["replicas"] = create.Replicas,
                ["minReadySeconds"] = deployment.MinReadySeconds,
                ["selector"] = selector,
                ["template"] = template,
            },
        };
    }

    private static JsonObject StatusJson(DeploymentStatus status) => new()
    {
        ["observedGeneration"] = status.ObservedGeneration,
        ["replicas"] = status.Replicas,
        ["updatedReplicas"] = status.Updated,
        ["readyReplicas"] = status.Ready,
        ["availableReplicas"] = status.Available,
        ["unavailableReplicas"] = status.Unavailable == 0 ? null : status.Unavailable,
        ["collisionCount"] = status.CollisionCount == 0 ? null : status.CollisionCount,
        ["conditions"] = new JsonArray([.. status.Conditions.Select(condition => new JsonObject
        {
            ["type"] = condition.Type,
            ["status"] = condition.Status,
            ["reason"] = condition.Reason,
            ["message"] = condition.Message,
            ["lastUpdateTime"] = condition.Updated.ToApiTime(),
            ["lastTransitionTime"] = condition.Changed.ToApiTime(),
        })]),
    };

    private static JsonObject ToJson(IReadOnlyDictionary<string, string> map) => new(map.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
}
