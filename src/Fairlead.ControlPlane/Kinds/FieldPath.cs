using System.Globalization;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The path of a field in a document, as error messages show it: <c>spec.ports[0].port</c>, <c>metadata.labels[app]</c>.</summary>
public readonly record struct FieldPath(string Text)
{
    /// <summary>The path <c>metadata</c>.</summary>
    public static FieldPath Metadata { get; } = new("metadata");

    /// <summary>The path <c>spec</c>.</summary>
    public static FieldPath Spec { get; } = new("spec");

    /// <summary>The path <c>status</c>.</summary>
    public static FieldPath Status { get; } = new("status");

    /// <summary>The field <paramref name="name"/> of the object at this path.</summary>
    public FieldPath Child(string name) => new(string.IsNullOrEmpty(Text) ? name : $"{Text}.{name}");

    /// <summary>The item at <paramref name="index"/> of the list at this path.</summary>
    public FieldPath Index(int index) => new(string.Create(CultureInfo.InvariantCulture, $"{Text}[{index}]"));

    /// <summary>The value under <paramref name="key"/> of the map at this path.</summary>
    public FieldPath Key(string key) => new($"{Text}[{key}]");

    /// <inheritdoc/>
    public override string ToString() => Text;
}
