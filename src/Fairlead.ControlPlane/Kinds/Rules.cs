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

    /// <summary>Faults a number below zero; absent is fine.</summary>
    public static void RequireNonNegative(long? value, FieldPath field, FieldErrors errors)
    {
        if (value < 0)
        {
            errors.Invalid(field, value, "must be greater than or equal to 0");
        }
    }

    /// <summary>Faults a text that is set and none of those allowed.</summary>
    public static void RequireOneOf(JsonNode? value, FieldPath field, FieldErrors errors, params string[] allowed)
    {
        if (value is not null && !allowed.Contains(value.AsText()))
        {
            errors.NotSupported(field, value, allowed);
        }
    }

    /// <summary>Faults a text that is absent or empty; returns the text otherwise.</summary>
    public static string? Require(JsonNode? value, FieldPath field, FieldErrors errors)
    {
        if (value.AsText() is { Length: > 0 } text)
        {
            return text;
        }

        errors.Required(field);
        return null;
    }

    /// <summary>Faults a name that breaks a rule of <see cref="Names"/>; absent or empty is fine.</summary>
    public static void CheckName(JsonNode? value, FieldPath field, Func<string, string?> rule, FieldErrors errors)
    {
        if (value.AsText() is { Length: > 0 } name && rule(name) is { } fault)
        {
            errors.Invalid(field, name, fault);
        }
    }
}
