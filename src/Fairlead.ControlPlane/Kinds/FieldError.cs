using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Store;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>
/// One fault of a document, phrased as Kubernetes phrases it: <c>spec.ports[0].port: Invalid value: -1: must be between 1 and 65535, inclusive</c>.
/// </summary>
/// <param name="Type">What is wrong.</param>
/// <param name="Field">Path of the field.</param>
/// <param name="BadValue">The value found; null for types that show none.</param>
/// <param name="Detail">What would be right; may be empty.</param>
public sealed record FieldError(FieldErrorType Type, string Field, JsonNode? BadValue, string Detail)
{
    /// <summary>The machine-readable reason of a Status cause, such as <c>FieldValueInvalid</c>.</summary>
    public string Reason => Type switch
    {
        FieldErrorType.NotFound => "FieldValueNotFound",
        FieldErrorType.Required => "FieldValueRequired",
        FieldErrorType.Duplicate => "FieldValueDuplicate",
        FieldErrorType.Invalid => "FieldValueInvalid",
        FieldErrorType.NotSupported => "FieldValueNotSupported",
        FieldErrorType.Forbidden => "FieldValueForbidden",
        FieldErrorType.TooLong => "FieldValueTooLong",
        FieldErrorType.TooMany => "FieldValueTooMany",
        FieldErrorType.TypeInvalid => "FieldValueTypeInvalid",
        _ => "InternalError",
    };

    /// <summary>The message without the path, as a Status cause carries it.</summary>
    public string Body
    {
        get
        {
            var head = ShowsValue && (BadValue is not null || Field != "patch") ? $"{Title}: {Shown(BadValue)}" : Title;
            return string.IsNullOrEmpty(Detail) ? head : $"{head}: {Detail}";
        }
    }

    private bool ShowsValue => Type is FieldErrorType.NotFound or FieldErrorType.Duplicate or FieldErrorType.Invalid
        or FieldErrorType.NotSupported or FieldErrorType.TooMany or FieldErrorType.TypeInvalid;

    private string Title => Type switch
    {
        FieldErrorType.NotFound => "Not found",
        FieldErrorType.Required => "Required value",
        FieldErrorType.Duplicate => "Duplicate value",
        FieldErrorType.NotSupported => "Unsupported value",
        FieldErrorType.Forbidden => "Forbidden",
        FieldErrorType.TooLong => "Too long",
        FieldErrorType.TooMany => "Too many",
        FieldErrorType.Internal => "Internal error",
        _ => "Invalid value",
    };

    /// <summary>The whole message: path, then <see cref="Body"/>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Field}: {Body}");

    private static string Shown(JsonNode? value) => value is null ? "null" : Encoding.UTF8.GetString(JsonBytes.Of(value));
}
