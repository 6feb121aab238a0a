namespace Fairlead.ControlPlane.Kinds;

/// <summary>The circumstances of one write, as a kind's rules need them.</summary>
public sealed record WriteContext
{
    /// <summary>The subresource written, such as <c>status</c> or <c>scale</c>; empty for the object itself.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>True when nothing will be stored: nothing may be allocated either.</summary>
    public bool DryRun { get; init; }

    /// <summary>The time of the write.</summary>
    public required DateTimeOffset Now { get; init; }

    /// <summary>True when the write is of the status subresource.</summary>
    public bool IsStatus => Subresource == "status";
}
