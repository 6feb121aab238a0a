using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Kube.Schema;

namespace Fairlead.ControlPlane.Registry;

/// <summary>Holds documents to the schema of their kind before anything else looks at them.</summary>
internal static class SchemaGate
{
    /// <summary>Decodes a document in place; gives the warnings that <paramref name="validation"/> asks for.</summary>
    /// <exception cref="StatusException">400: a wrong type, or, when strict, an unknown or doubled field.</exception>
    public static IReadOnlyList<string> Decode(
        KindDefinition kind, JsonObject document, IReadOnlyList<string> duplicates, FieldValidation validation)
    {
        var name = kind.Type.Kind;
        var schema = SchemaCatalog.Default.Find(kind.Type)
            ?? throw StatusException.Internal($"there is no schema of {kind.Type.ApiVersion} {name}");
        var report = DocumentDecoder.Decode(schema, document);
        if (report.TypeError is { } fault)
        {
            throw StatusException.BadRequest($"{name} in version \"{kind.Type.Version}\" cannot be handled as a {name}: {fault}");
        }

        string[] errors = [.. report.StrictErrors(duplicates)];
        if (validation == FieldValidation.Strict && errors.Length > 0)
        {
            throw StatusException.BadRequest(
                $"{name} in version \"{kind.Type.Version}\" cannot be handled as a {name}: strict decoding error: {string.Join(", ", errors)}");
        }

        return validation == FieldValidation.Warn ? errors : [];
    }
}
