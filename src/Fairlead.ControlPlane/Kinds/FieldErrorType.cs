namespace Fairlead.ControlPlane.Kinds;

/// <summary>What is wrong with a field (apimachinery's field.ErrorType).</summary>
public enum FieldErrorType
{
    /// <summary>The value refers to something that does not exist.</summary>
    NotFound,

    /// <summary>The field must be set.</summary>
    Required,

    /// <summary>The value must be unique and is not.</summary>
    Duplicate,

    /// <summary>The value breaks a rule.</summary>
    Invalid,

    /// <summary>The value is not one of those allowed.</summary>
    NotSupported,

    /// <summary>The field may not be set, or not be changed, here.</summary>
    Forbidden,

    /// <summary>The value has too many bytes.</summary>
    TooLong,

    /// <summary>The list has too many items.</summary>
    TooMany,

    /// <summary>The value has the wrong JSON type.</summary>
    TypeInvalid,

    /// <summary>The server failed, not the request.</summary>
    Internal,
}
