using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Validation of references to a pod's own fields (downward API).</summary>
internal static class PodFieldRules
{
    /// <summary>What an environment variable may refer to.</summary>
    public static readonly string[] Variables =
    [
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP",
        "status.podIPs",
    ];

    /// <summary>What a file of a volume may refer to.</summary>
    public static readonly string[] Files = ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

    /// <summary>One reference; <c>metadata.labels['KEY']</c> and <c>metadata.annotations['KEY']</c> are allowed in both places.</summary>
    public static void Validate(JsonObject reference, FieldPath field, string[] allowed, FieldErrors errors)
    {
        if (Rules.Require(reference.At("fieldPath"), field.Child("fieldPath"), errors) is not { } path)
        {
            return;
        }

        var bracket = path.IndexOf("['", StringComparison.Ordinal);
        if (bracket < 0 || !path.EndsWith("']", StringComparison.Ordinal) || path.Length < bracket + 5)
        {
            Rules.RequireOneOf(reference.At("fieldPath"), field.Child("fieldPath"), errors, allowed);
        }
        else if (path[..bracket] is not ("metadata.labels" or "metadata.annotations"))
        {
            errors.Invalid(field.Child("fieldPath"), path, "does not support subscript");
        }
    }
}
