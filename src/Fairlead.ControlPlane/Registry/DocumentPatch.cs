using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Kube.Client;
using Fairlead.Kube.Patch;
using Fairlead.Kube.Schema;

namespace Fairlead.ControlPlane.Registry;

/// <summary>Patches of every type the API takes, applied to a document.</summary>
internal static class DocumentPatch
{
    private const string Accepted =
        "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml";

    /// <summary>The kind of patch that a Content-Type names.</summary>
    /// <exception cref="StatusException">415.</exception>
    public static PatchKind KindOf(string contentType) => contentType.Split(';')[0].Trim() switch
    {
        "application/json-patch+json" => PatchKind.Json,
        "application/merge-patch+json" => PatchKind.Merge,
        "application/strategic-merge-patch+json" => PatchKind.Strategic,
        var other => throw StatusException.UnsupportedMediaType(other, Accepted),
    };

    /// <summary>Reads a patch.</summary>
    /// <exception cref="StatusException">400.</exception>
    public static JsonNode Read(byte[] bytes)
    {
        try
        {
            return StrictJson.Parse(bytes, out _) ?? throw StatusException.BadRequest("the patch is null");
        }
        catch (JsonException e)
        {
            throw StatusException.BadRequest($"the patch is not valid JSON: {e.Message}");
        }
    }

    /// <summary>The patched document.</summary>
    /// <param name="kind">Whose object is patched, for messages.</param>
    /// <param name="patchKind">How.</param>
    /// <param name="document">What is patched: the object, or the Scale made of it.</param>
    /// <param name="keys">How lists of the document merge.</param>
    /// <param name="patch">The patch.</param>
    /// <exception cref="StatusException">400 for a malformed patch, 422 for one that does not fit.</exception>
    public static JsonObject Apply(KindDefinition kind, PatchKind patchKind, JsonObject document, IMergeKeys? keys, JsonNode patch)
    {
        try
        {
            var result = patchKind switch
            {
                PatchKind.Json => JsonPatch.Apply(document, patch),
                PatchKind.Merge => MergePatch.Apply(document, patch),
                PatchKind.Strategic when keys is not null => StrategicMergePatch.Apply(document, patch, keys),
                _ => throw StatusException.UnsupportedMediaType(patchKind.ToString(), Accepted),
            };
            return result as JsonObject ?? throw StatusException.BadRequest("the patch makes the object something other than an object");
        }
        catch (PatchException e) when (e.Misfit)
        {
            var errors = new FieldErrors();
            errors.Add(new FieldError(FieldErrorType.Invalid, "patch", null, e.Message));
            throw StatusException.Invalid(kind.Type.Group, kind.Type.Kind, ObjectMeta.Name(document), errors);
        }
        catch (PatchException e)
        {
            throw StatusException.BadRequest($"the patch cannot be applied: {e.Message}");
        }
    }
}
