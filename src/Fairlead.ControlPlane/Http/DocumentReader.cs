using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Protobuf;
using Fairlead.ControlPlane.Registry;
using Fairlead.Kube.Schema;
using Fairlead.Kube.Yaml;

namespace Fairlead.ControlPlane.Http;

/// <summary>Reads documents from the bodies of requests: JSON, YAML or Kubernetes' protobuf.</summary>
internal static class DocumentReader
{
    /// <summary>What a Content-Type may say.</summary>
    public const string Accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

    /// <summary>A document of <paramref name="kind"/> as it is stored, and warnings about its fields.</summary>
    /// <exception cref="StatusException">400 or 415.</exception>
    public static (JsonObject Body, IReadOnlyList<string> Warnings) Read(
        KindDefinition kind, byte[] bytes, string? contentType, FieldValidation validation)
    {
        var body = Parse(bytes, contentType, out var duplicates);
        CheckType(kind, body);
        return (body, SchemaGate.Decode(kind, body, duplicates, validation));
    }

    /// <summary>A document of any type.</summary>
    /// <exception cref="StatusException">400 or 415.</exception>
    public static JsonObject ReadPlain(byte[] bytes, string? contentType) => Parse(bytes, contentType, out _);

    private static JsonObject Parse(byte[] bytes, string? contentType, out IReadOnlyList<string> duplicates)
    {
        duplicates = [];
        var type = MediaType.Parse(contentType ?? "").Type;
        try
        {
            var node = type switch
            {
                "" or "application/json" => StrictJson.Parse(bytes, out duplicates),
                "application/yaml" => Yaml(bytes),
                "application/vnd.kubernetes.protobuf" => ProtobufDocument.Read(bytes),
                _ => throw StatusException.UnsupportedMediaType(type, Accepted),
            };
            return node as JsonObject ?? throw StatusException.BadRequest("the body of the request must be one object");
        }
        catch (JsonException e)
        {
            throw StatusException.BadRequest($"the body of the request is not valid JSON: {e.Message}");
        }
        catch (FormatException e)
        {
            throw StatusException.BadRequest($"the body of the request cannot be read as {type}: {e.Message}");
        }
    }

    private static JsonNode? Yaml(byte[] bytes)
    {
        using var text = new StreamReader(new MemoryStream(bytes));
        return YamlReader.ReadAll(text) is [var only] ? only : null;
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
