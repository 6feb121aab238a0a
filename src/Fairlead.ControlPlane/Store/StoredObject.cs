using System.Text.Json.Nodes;
using Fairlead.Kube.Selectors;

namespace Fairlead.ControlPlane.Store;

/// <summary>
/// One version of one object as it is on disk: UTF-8 JSON with its resourceVersion, and what lists and watches select by.
/// Never changes; readers parse their own copy.
/// </summary>
internal sealed record StoredObject(ObjectId Id, string Uid, long Revision, byte[] Json, Labels Labels, Labels Fields)
{
    /// <summary>A private copy of the object, free to be changed.</summary>
    public JsonObject Parse() => JsonNode.Parse(Json)!.AsObject();
}

/// <summary>What the store must know of an object to select by it; computed once per version, on the writer's thread.</summary>
internal interface IObjectIndex
{
    /// <summary>The values of the field selectors that <paramref name="resource"/> supports beyond name and namespace.</summary>
    Labels Fields(string resource, JsonObject value);
}
