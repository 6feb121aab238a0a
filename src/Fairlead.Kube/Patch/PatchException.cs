namespace Fairlead.Kube.Patch;

/// <summary>A patch that is malformed, or that does not fit the document; the message says where.</summary>
public sealed class PatchException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="message">What is wrong and where.</param>
    /// <param name="misfit">True when the patch is well formed but does not fit the document: a missing path, a failed test.</param>
    public PatchException(string message, bool misfit = false)
        : base(message) => Misfit = misfit;

    /// <summary>True when the patch is well formed but does not fit the document (422), false when it is malformed (400).</summary>
    public bool Misfit { get; }
}
