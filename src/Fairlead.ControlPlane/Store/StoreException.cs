namespace Fairlead.ControlPlane.Store;

/// <summary>The store cannot be opened, read or written; the message names the file, what is wrong with it and what to do.</summary>
public sealed class StoreException : IOException
{
    /// <summary>Creates one with a message fit for a user.</summary>
    public StoreException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
