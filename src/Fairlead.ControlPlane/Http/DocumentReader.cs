using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;

namespace Fairlead.ControlPlane.Http;

/// <summary>Reads documents from the bodies of requests, JSON or YAML.</summary>
internal static class DocumentReader
{
    private static readonly JsonDocumentOptions Bounded = new() { MaxDepth = 64, AllowDuplicateProperties = false };

    /// <summary>A document of <paramref name="kind"/>, with its apiVersion and kind, and warnings about its fields.</summary>
    /// <exception cref="StatusException">400 or 415.</exception>
    public static (JsonObject Body, IReadOnlyList<string> Warnings) Read(
        KindDefinition kind, byte[] bytes, string? contentType, FieldValidation validation)
    {
        var body = ReadPlain(bytes, contentType);
        CheckType(kind, body);
        return (body, []);
    }

    /// <summary>A document of any type.</summary>
    /// <exception cref="StatusException">400 or 415.</exception>
    public static JsonObject ReadPlain(byte[] bytes, string? contentType)
    {
        var type = MediaType.Parse(contentType ?? "").Type;
        if (type is not ("" or "application/json"))
        {
            throw StatusException.UnsupportedMediaType(type, "application/json, application/yaml");
        }

        try
        {
            return JsonNode.Parse(bytes, documentOptions: Bounded) as JsonObject
                ?? throw StatusException.BadRequest("the body of the request must be one JSON object");
        }
        catch (JsonException e)
        {
            throw StatusException.BadRequest($"the body of the request is not valid JSON: {e.Message}");
        }
    }

    private static void CheckType(KindDefinition kind, JsonObject body)
    {
        var (version, name) = (kind.Type.ApiVersion, kind.Type.Kind);
        if (body.Text("apiVersion") is { Length: > 0 } given && given != version)
        {
            throw StatusException.BadRequest($"the API version in the data ({given}) does not match the expected API version ({version})");
        }

        if (body.Text("kind") is { Length: > 0 } givenKind && givenKind != name)
        {
            throw StatusException.BadRequest($"the kind in the data ({givenKind}) does not match the expected kind ({name})");
        }

        body["kind"] = name;
        body["apiVersion"] = version;
    }
}
