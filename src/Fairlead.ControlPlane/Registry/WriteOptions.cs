using Fairlead.ControlPlane.Store;

namespace Fairlead.ControlPlane.Registry;

/// <summary>What becomes of unknown and duplicate fields of a body.</summary>
internal enum FieldValidation
{
    /// <summary>They are dropped.</summary>
    Ignore,

    /// <summary>They are dropped, each with a warning.</summary>
    Warn,

    /// <summary>The request is refused, 400.</summary>
    Strict,
}

/// <summary>Options of a write (meta/v1 CreateOptions, UpdateOptions, PatchOptions).</summary>
internal sealed record WriteOptions
{
    /// <summary>Options of a controller of our own: stored, and checked strictly.</summary>
    public static WriteOptions Internal { get; } = new() { FieldValidation = FieldValidation.Strict };

    /// <summary>Do everything but store.</summary>
    public bool DryRun { get; init; }

    public FieldValidation FieldValidation { get; init; } = FieldValidation.Warn;

    /// <summary>In whose name fields are owned; empty for our own controllers.</summary>
    public string FieldManager { get; init; } = "";

    /// <summary>Server-side apply takes fields that others own.</summary>
    public bool Force { get; init; }

    /// <summary>The fields of the configuration, when the write is a server-side apply; else null.</summary>
    public IReadOnlyCollection<string>? AppliedFields { get; init; }
}

/// <summary>The object as stored (or as it would be), and the texts of <c>Warning:</c> headers.</summary>
internal sealed record WriteReply(StoredObject Object, IReadOnlyList<string> Warnings, bool Created = false);
