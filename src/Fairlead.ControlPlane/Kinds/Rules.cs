using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Validation rules that several kinds share.</summary>
internal static class Rules
{
    public const string Immutable = "field is immutable";

    /// <summary>Faults a field that differs from what is stored.</summary>
    public static void RequireUnchanged(JsonNode? value, JsonNode? old, FieldPath field, FieldErrors errors)
    {
        if (!Doc.Same(value, old))
        {
            errors.Invalid(field, value, Immutable);
        }
    }
}
