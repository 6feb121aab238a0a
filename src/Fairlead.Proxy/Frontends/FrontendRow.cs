using Fairlead.Proxy.Nftables;

namespace Fairlead.Proxy.Frontends;

/// <summary>How far a frontend has come.</summary>
public enum FrontendStatus
{
    /// <summary>The kernel holds it as planned.</summary>
    Done,

    /// <summary>The last attempt failed; <see cref="FrontendRow.Error"/> says why. It is tried again.</summary>
    Error,
}

/// <summary>A frontend and whether the kernel has it: what <c>fairlead inspect frontends</c> starts from.</summary>
public sealed record FrontendRow(Frontend Frontend, FrontendStatus Status, string Error)
{
    /// <summary>What was committed of it last; null when nothing was.</summary>
    internal Committed? Held { get; init; }
}
