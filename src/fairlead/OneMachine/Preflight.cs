using Fairlead.Linux;
using Fairlead.Linux.Netlink;
using Fairlead.Terminal;

namespace Fairlead.OneMachine;

/// <summary>What must be so before anything is changed on this machine.</summary>
internal static class Preflight
{
    /// <summary>Checks; changes nothing.</summary>
    /// <exception cref="UserError">What is missing, and how to get it.</exception>
    public static void Check()
    {
        if (Environment.UserName != "root")
        {
            throw new UserError("network namespaces need root", "run it with sudo");
        }

        try
        {
            using var socket = NetlinkSocket.Open(NetlinkProtocol.Netfilter);
        }
        catch (LinuxException e)
        {
            throw new UserError($"this kernel has no nf_tables: {e.Message}", "load it with `modprobe nf_tables`, or use a kernel of 5.9 or newer that has it");
        }
    }
}
