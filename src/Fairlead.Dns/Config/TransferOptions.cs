using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Dns.Config;

/// <summary>Plugin <c>transfer</c>: who may have whole zones.</summary>
internal sealed record TransferOptions
{
    /// <summary>The zones; those below them are of another plugin's line where there is one.</summary>
    public required ValueArray<string> Zones { get; init; }

    /// <summary>Who may have them.</summary>
    public required ValueArray<IpNet> To { get; init; }
}
