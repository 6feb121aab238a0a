using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;

namespace Fairlead.ControlPlane.Controllers;

/// <summary>Patches that change who owns an object; refused by the server when the object has changed meanwhile.</summary>
internal static class Ownership
{
    public static JsonObject Patch(RowMeta meta, IReadOnlyList<OwnerReference> owners) => new()
    {
        ["metadata"] = new JsonObject
        {
            ["uid"] = meta.Uid,
            ["resourceVersion"] = meta.ResourceVersion.ToString(CultureInfo.InvariantCulture),
            ["ownerReferences"] = owners.Count == 0 ? null : new JsonArray([.. owners.Select(owner => owner.ToJson())]),
        },
    };
}
