using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Http;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;

namespace Fairlead.Fuzz;

/// <summary>Bodies of requests to the API server.</summary>
internal static class BodyTargets
{
    private static readonly string[] Words =
    [
        "apiVersion", "kind", "metadata", "name", "labels", "annotations", "spec", "status", "ports", "port", "targetPort", "selector", "matchLabels", "containers",
        "image", "resources", "limits", "\"100m\"", "\"1Gi\"", "ownerReferences", "creationTimestamp", "\"2026-01-02T03:04:05Z\"", "template", "data", "\"YQ==\"",
    ];

    public static IEnumerable<FuzzTarget> All { get; } =
    [
        new("body-json", bytes => Read(bytes, "application/json")) { Declared = Refused, Words = Words, AllocationPerByte = 8192 },
        new("body-yaml", bytes => Read(bytes, "application/yaml")) { Declared = Refused, Words = Words, AllocationPerByte = 8192 },
        new("body-protobuf", bytes => Read(bytes, "application/vnd.kubernetes.protobuf")) { Declared = Refused, Words = Words, AllocationPerByte = 8192 },
    ];

    /// <summary>A refusal that is the client's fault.</summary>
    public static bool Refused(Exception e) => e is StatusException { Code: >= 400 and < 500 };

    private static object Read(byte[] bytes, string type)
    {
        var plain = DocumentReader.ReadPlain(bytes, type);
        var kind = KindTable.FindByKind(Word(plain, "apiVersion"), Word(plain, "kind")) ?? KindTable.FindByKind("v1", "Service")!;
        var (body, warnings) = DocumentReader.Read(kind, bytes, type, FieldValidation.Warn);

        // As the store does with it.
        return (kind.Type.Kind, JsonNode.Parse(body.ToJsonString()) is null, warnings.Count);
    }

    private static string Word(JsonObject body, string field) => body[field] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";
}
