using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Dns.Config;

/// <summary>Plugin <c>transfer</c> of a server block (RFC 5936).</summary>
internal sealed record TransferOptions
{
    /// <summary>Zones that may be transferred.</summary>
    public required ValueArray<string> Zones { get; init; }

    /// <summary>Who may ask; <c>to *</c> is both families' whole range.</summary>
    public required ValueArray<IpNet> To { get; init; }
}
