using Fairlead.Policy.Drops;

namespace Fairlead.Tests.Policy.Drops;

/// <summary>Records to start from.</summary>
internal static class Samples
{
    public static readonly DropRecord Record = new()
    {
        Time = DateTimeOffset.UnixEpoch,
        Last = DateTimeOffset.UnixEpoch,
        Node = "n1",
        Direction = "in",
        From = new DropEnd("10.244.1.3", 40000, "shop", "web", null),
        To = new DropEnd("10.244.1.2", 8080, "shop", "api", null),
        Protocol = "TCP",
        Reason = DropReason.Isolated,
        Tier = "NetworkPolicy",
        Policies = [new DropPolicy("NetworkPolicy", "shop", "closed")],
        Words = "isolated by NetworkPolicy shop/closed: no rule matches",
    };
}
