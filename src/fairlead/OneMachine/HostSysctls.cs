using Fairlead.Linux;

namespace Fairlead.OneMachine;

/// <summary>Kernel parameters of the host that a cluster needs, and what they were before.</summary>
internal static class HostSysctls
{
    /// <summary>Switches forwarding on where it is off, and returns the values that were changed.</summary>
    public static IReadOnlyDictionary<string, string> Apply(ClusterSpec spec)
    {
        var saved = new Dictionary<string, string>();
        var wanted = spec.Egress ? new List<string> { "net/ipv4/ip_forward" } : [];
        if (spec is { Egress: true, V6: not null })
        {
            wanted.Add("net/ipv6/conf/all/forwarding");
        }

        foreach (var name in wanted.Where(name => Sysctl.Exists(name) && Sysctl.Read(name) == "0"))
        {
            saved[name] = "0";
            Sysctl.Write(name, "1");
        }

        return saved;
    }

    /// <summary>Puts back what was changed.</summary>
    public static void Restore(IReadOnlyDictionary<string, string> saved)
    {
        foreach (var (name, value) in saved)
        {
            Sysctl.Write(name, value);
        }
    }
}
