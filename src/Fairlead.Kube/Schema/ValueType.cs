namespace Fairlead.Kube.Schema;

/// <summary>What JSON a value is written in.</summary>
public enum ValueShape
{
    /// <summary>A text.</summary>
    String,

    /// <summary>A whole number of 32 bits.</summary>
    Int32,

    /// <summary>A whole number of 64 bits.</summary>
    Int64,

    /// <summary>true or false.</summary>
    Bool,

    /// <summary>Bytes as base64 text.</summary>
    Bytes,

    /// <summary>An amount such as <c>500m</c> or <c>1Gi</c>; a text or a number.</summary>
    Quantity,

    /// <summary>A number or a name, as ports are.</summary>
    IntOrString,

    /// <summary>A time to the second (RFC 3339).</summary>
    Time,

    /// <summary>A time to the microsecond (RFC 3339).</summary>
    MicroTime,

    /// <summary>Anything.</summary>
    Any,

    /// <summary>An object with known fields.</summary>
    Object,

    /// <summary>A list.</summary>
    List,

    /// <summary>A map from text.</summary>
    Map,
}

/// <summary>The type of a field's value.</summary>
/// <param name="Shape">Its JSON.</param>
/// <param name="Element">Type of the items or values of a list or map; else null.</param>
/// <param name="Object">The fields of an object; else null.</param>
public sealed record ValueType(ValueShape Shape, ValueType? Element = null, ObjectSchema? Object = null)
{
    /// <summary>The object type of the value, of its items, or of its values; null for scalars.</summary>
    public ObjectSchema? Leaf => Object ?? Element?.Leaf;
}
