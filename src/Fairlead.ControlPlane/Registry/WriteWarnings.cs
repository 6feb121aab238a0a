using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;

namespace Fairlead.ControlPlane.Registry;

/// <summary>
/// The warnings of a write: the kind's own; on new or changed pod specifications those of whoever runs the pods; on new or changed policies and Services
/// those of whoever knows the rest of the cluster.
/// </summary>
internal sealed class WriteWarnings(PodSpecWarnings? pods, ObjectWarnings? objects = null)
{
    public string[] Of(KindDefinition kind, JsonObject value, JsonObject? old)
    {
        var warnings = kind.Warnings(value, old);
        var (spec, before, path) = kind switch
        {
            PodKind or NetworkPolicyKind or ClusterNetworkPolicyKind or ServiceKind => (value.Object("spec"), old.Object("spec"), "spec"),
            DeploymentKind => (value.Object("spec", "template", "spec"), old.Object("spec", "template", "spec"), "spec.template.spec"),
            _ => (null, null, ""),
        };
        if (spec is null || JsonNode.DeepEquals(spec, before))
        {
            return [.. warnings];
        }

        var more = kind is PodKind or DeploymentKind ? pods?.Invoke(spec, path) : objects?.Invoke(kind.Type, value);
        return [.. warnings, .. more ?? []];
    }
}
