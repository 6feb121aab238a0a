namespace Fairlead.Linux.Netlink;

/// <summary>The kernel refused a netlink message.</summary>
public sealed class NetlinkException : LinuxException
{
    /// <summary>Describes a refusal.</summary>
    /// <param name="error">The first error of the request.</param>
    /// <param name="operation">What was asked.</param>
    public NetlinkException(NetlinkError error, string operation)
        : base(error.Errno, operation, error.Text) => Error = error;

    /// <summary>The refusal: which message, why, in the kernel's words.</summary>
    public NetlinkError Error { get; }
}
