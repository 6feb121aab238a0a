using Fairlead.Linux.Addresses;

namespace Fairlead.Cni.Datapath;

/// <summary>
/// The next hop every pod has, which no interface holds: pods know its Ethernet address by a permanent neighbour entry, so that a pod needs no subnet
/// and learns nothing by ARP or neighbour discovery.
/// </summary>
internal static class PodGateway
{
    private static readonly IpAddr V4 = IpAddr.Parse("169.254.1.1");
    private static readonly IpAddr V6 = IpAddr.Parse("fe80::1");

    internal static IpAddr Of(IpFamily family) => family == IpFamily.V4 ? V4 : V6;

    /// <summary>0.0.0.0/0 or ::/0.</summary>
    internal static IpNet Default(IpFamily family) => new(IpAddr.FromValue(family, 0), 0);
}
