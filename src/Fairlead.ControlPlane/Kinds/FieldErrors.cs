using System.Collections;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The faults found in one document, in the order found. Empty means the document is valid.</summary>
public sealed class FieldErrors : IReadOnlyCollection<FieldError>
{
    private readonly List<FieldError> _errors = [];

    /// <inheritdoc/>
    public int Count => _errors.Count;

    /// <summary>True when there is no fault.</summary>
    public bool IsEmpty => _errors.Count == 0;

    /// <summary>Adds a fault.</summary>
    public void Add(FieldError error) => _errors.Add(error);

    /// <summary>Adds faults found elsewhere.</summary>
    public void AddRange(IEnumerable<FieldError> errors) => _errors.AddRange(errors);

    /// <summary>The field must be set.</summary>
    public void Required(FieldPath field, string detail = "") => Add(new(FieldErrorType.Required, field.Text, null, detail));

    /// <summary>The value breaks the rule that <paramref name="detail"/> states.</summary>
    public void Invalid(FieldPath field, JsonNode? value, string detail) =>
        Add(new(FieldErrorType.Invalid, field.Text, value?.DeepClone(), detail));

    /// <summary>The value is none of those allowed.</summary>
    public void NotSupported(FieldPath field, JsonNode? value, params IEnumerable<string> allowed) =>
        Add(new(FieldErrorType.NotSupported, field.Text, value?.DeepClone(), "supported values: " + string.Join(", ", allowed.Select(item => $"\"{item}\""))));

    /// <summary>The field may not be set or changed here.</summary>
    public void Forbidden(FieldPath field, string detail) => Add(new(FieldErrorType.Forbidden, field.Text, null, detail));

    /// <summary>The value occurs twice.</summary>
    public void Duplicate(FieldPath field, JsonNode? value) => Add(new(FieldErrorType.Duplicate, field.Text, value?.DeepClone(), ""));

    /// <summary>The text or document has more than <paramref name="maxBytes"/> bytes.</summary>
    public void TooLong(FieldPath field, int maxBytes) => Add(new(
        FieldErrorType.TooLong, field.Text, null, string.Create(CultureInfo.InvariantCulture, $"may not be more than {maxBytes} bytes")));

    /// <summary>The list has more than <paramref name="max"/> items.</summary>
    public void TooMany(FieldPath field, int count, int max) => Add(new(
        FieldErrorType.TooMany, field.Text, count, string.Create(CultureInfo.InvariantCulture, $"must have at most {max} items")));

    /// <summary>
    /// All faults in one line, as the message of a 422 Status ends: one fault as it is, several in brackets, each text once.
    /// </summary>
    public string Describe()
    {
        var texts = _errors.Select(error => error.ToString()).Distinct().ToArray();
        return texts.Length == 1 ? texts[0] : $"[{string.Join(", ", texts)}]";
    }

    /// <inheritdoc/>
    public IEnumerator<FieldError> GetEnumerator() => _errors.GetEnumerator();

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => _errors.GetEnumerator();
}
