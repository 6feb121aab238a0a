using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;

namespace Fairlead.ControlPlane.Controllers.Rows;

/// <summary>An Endpoints object (core/v1). Its subsets are compared as text in canonical form.</summary>
internal sealed record EndpointsInfo : IObjectRow
{
    public required RowMeta Meta { get; init; }

    public string Subsets { get; init; } = "[]";

    public static EndpointsInfo Read(JsonObject endpoints) => new()
    {
        Meta = RowMeta.From(endpoints),
        Subsets = CanonicalJson.Write(endpoints["subsets"] ?? new JsonArray()),
    };
}
