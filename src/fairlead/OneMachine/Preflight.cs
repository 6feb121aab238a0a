using System.Globalization;
using Fairlead.Linux;
using Fairlead.Nftables;
using Fairlead.Nftables.Kernel;
using Fairlead.Terminal;

namespace Fairlead.OneMachine;

/// <summary>What must be so before anything is changed on this machine.</summary>
internal static class Preflight
{
    /// <summary>What a cluster does with each capability it needs, by its number (capabilities(7)).</summary>
    private static readonly (int Number, string Name)[] Capabilities = [(12, "CAP_NET_ADMIN"), (21, "CAP_SYS_ADMIN")];

    /// <summary>Checks; changes nothing.</summary>
    /// <exception cref="UserError">What is missing, and how to get it.</exception>
    public static void Check()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw new UserError($"network namespaces and nf_tables need root; this runs as {Environment.UserName}", "run it with sudo");
        }

        if (Missing(File.ReadLines("/proc/self/status")) is { Count: > 0 } missing)
        {
            throw new UserError($"root lacks {string.Join(" and ", missing)} here", "run it outside the container, or in one started with --privileged");
        }

        try
        {
            using var nft = KernelNft.Open();
        }
        catch (NftException e)
        {
            throw Explain((Errno)e.Errno, e.Message);
        }
    }

    /// <summary>The needed capabilities that a process does not have, by the lines of its <c>/proc/PID/status</c>.</summary>
    internal static IReadOnlyList<string> Missing(IEnumerable<string> status)
    {
        var effective = status.First(line => line.StartsWith("CapEff:", StringComparison.Ordinal)).AsSpan(7).Trim();
        var mask = ulong.Parse(effective, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return [.. Capabilities.Where(capability => (mask & (1UL << capability.Number)) == 0).Select(capability => capability.Name)];
    }

    /// <summary>
    /// What the kernel's refusal means: EPERM, a user namespace that does not own this network; else there is no nf_tables, whatever says so
    /// (EPROTONOSUPPORT of socket(2) without nfnetlink, EINVAL of nfnetlink without nf_tables).
    /// </summary>
    internal static UserError Explain(Errno errno, string message) => errno is Errno.EPERM or Errno.EACCES
        ? new UserError($"this machine's network may not be changed from here: {message}", "run it as the machine's own root, outside any user namespace")
        : new UserError($"this kernel has no nf_tables: {message}", "load it with `modprobe nf_tables`, or use a kernel of 5.9 or newer that has it");
}
