using Fairlead.Linux;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Namespaces;

namespace Fairlead.Cni.Datapath;

/// <summary>Kernel parameters a node needs before it forwards for pods.</summary>
internal static class NodeSysctls
{
    private const string Conf6 = "/proc/sys/net/ipv6/conf";

    /// <summary>Switches forwarding on for the families.</summary>
    internal static void Apply(NetNamespace node, IEnumerable<IpFamily> families)
    {
        var wanted = families.ToHashSet();
        node.Run(() =>
        {
            if (wanted.Contains(IpFamily.V4))
            {
                Sysctl.Write("net/ipv4/ip_forward", "1");
            }

            if (wanted.Contains(IpFamily.V6))
            {
                KeepRouterAdvertisements();
                Sysctl.Write("net/ipv6/conf/all/forwarding", "1");
            }
        });
    }

    // A forwarding node ignores router advertisements unless told otherwise (accept_ra 2), and would lose the default route they gave it.
    private static void KeepRouterAdvertisements()
    {
        foreach (var directory in Directory.EnumerateDirectories(Conf6))
        {
            var name = $"net/ipv6/conf/{Path.GetFileName(directory)}/accept_ra";
            if (Sysctl.Exists(name) && Sysctl.Read(name) == "1")
            {
                Sysctl.Write(name, "2");
            }
        }
    }
}
