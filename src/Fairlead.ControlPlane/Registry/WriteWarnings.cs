using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;

namespace Fairlead.ControlPlane.Registry;

/// <summary>The warnings of a write: the kind's own, and on new or changed pod specifications those of whoever runs the pods.</summary>
internal sealed class WriteWarnings(PodSpecWarnings? pods)
{
    public string[] Of(KindDefinition kind, JsonObject value, JsonObject? old)
    {
        var warnings = kind.Warnings(value, old);
        var (spec, before, path) = kind switch
        {
            PodKind => (value.Object("spec"), old.Object("spec"), "spec"),
            DeploymentKind => (value.Object("spec", "template", "spec"), old.Object("spec", "template", "spec"), "spec.template.spec"),
            _ => (null, null, ""),
        };
        return pods is null || spec is null || JsonNode.DeepEquals(spec, before) ? [.. warnings] : [.. warnings, .. pods(spec, path)];
    }
}
