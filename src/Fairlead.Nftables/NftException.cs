namespace Fairlead.Nftables;

/// <summary>A commit or a read failed and changed nothing. The message names the object concerned and what the kernel said.</summary>
public sealed class NftException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="message">What failed.</param>
    /// <param name="errno">The kernel's error number as in <c>errno.h</c>; 0 when it was not the kernel.</param>
    public NftException(string message, int errno = 0)
        : base(message) => Errno = errno;

    /// <summary>The kernel's error number; 0 when it was not the kernel.</summary>
    public int Errno { get; }

    /// <summary>The table holds something we did not write, so it cannot be read: make it anew.</summary>
    public bool IsForeign { get; init; }

    /// <summary>Something it needed does not exist (ENOENT).</summary>
    public bool IsNotFound => Errno == 2;

    /// <summary>Something it made exists (EEXIST).</summary>
    public bool IsExists => Errno == 17;

    /// <summary>Something it removed is still referred to (EBUSY).</summary>
    public bool IsBusy => Errno == 16;

    /// <summary>Whether it happened is not known (the kernel's answer was lost, ENOBUFS): read the table back.</summary>
    public bool IsUnknown => Errno == 105;
}
