using Fairlead.Linux;
using Fairlead.Terminal;

namespace Fairlead.OneMachine;

/// <summary>A kernel parameter as it was.</summary>
internal sealed record SavedSysctl(string Name, string Value);

/// <summary>What the clusters of one host have changed on it, and which of them need it. The last one that goes puts it back.</summary>
internal sealed record HostRecord
{
    /// <summary>Names of the clusters.</summary>
    public IReadOnlyList<string> Users { get; init; } = [];

    /// <summary>What to write back, in this order: a switch for all links comes before what it changes on one.</summary>
    public IReadOnlyList<SavedSysctl> Saved { get; init; } = [];
}

/// <summary>
/// Kernel parameters of the host that egress needs: forwarding. Switching it changes others, too (ip-sysctl.rst): ICMP redirects, the same switch of
/// every link, and whether router advertisements are heard. All of it is written down before the first change, in a record that clusters share.
/// </summary>
internal static class HostSysctls
{
    private const string Switch4 = "net/ipv4/ip_forward";
    private const string Switch6 = "net/ipv6/conf/all/forwarding";
    private const string Links4 = "net/ipv4/conf";
    private const string Links6 = "net/ipv6/conf";

    /// <summary>Switches forwarding on for a cluster with egress; nothing for one without.</summary>
    /// <exception cref="UserError">The parameters cannot be written.</exception>
    public static async Task ApplyAsync(ClusterSpec spec)
    {
        if (!spec.Egress)
        {
            return;
        }

        using var hold = await HostLock.TakeAsync(TimeProvider.System);
        var record = Load();
        var switches = spec.V6 is null ? new[] { Switch4 } : [Switch4, Switch6];
        var missing = switches.Where(name => Sysctl.Exists(name) && Sysctl.Read(name) == "0").ToList();
        Save(record with { Users = [.. record.Users.Append(spec.Name).Distinct()], Saved = [.. record.Saved, .. missing.SelectMany(Snapshot)] });
        try
        {
            if (missing.Contains(Switch6))
            {
                HearRouters();
            }

            missing.ForEach(name => Sysctl.Write(name, "1"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserError($"forwarding cannot be switched on: {e.Message}", "make /proc/sys writable, or start with --no-egress");
        }
    }

    /// <summary>A cluster needs it no more; after the last one everything is as it was. Safe to repeat.</summary>
    public static async Task ReleaseAsync(string cluster)
    {
        using var hold = await HostLock.TakeAsync(TimeProvider.System);
        var record = Load();
        if (!record.Users.Contains(cluster))
        {
            return;
        }

        var left = record with { Users = [.. record.Users.Where(name => name != cluster)] };
        if (left.Users.Count > 0)
        {
            Save(left);
            return;
        }

        foreach (var saved in record.Saved.Where(saved => Sysctl.Exists(saved.Name)))
        {
            Sysctl.Write(saved.Name, saved.Value);
        }

        File.Delete(Path);
    }

    /// <summary>One record for each network namespace that is somebody's host: /proc/self/ns/net reads <c>net:[4026531840]</c>.</summary>
    private static string Path => System.IO.Path.Combine(
        ClusterPaths.RunHome, $"host-{string.Concat((new FileInfo("/proc/self/ns/net").LinkTarget ?? "").Where(char.IsAsciiDigit))}.json");

    private static HostRecord Load() => JsonFile.Load(Path, FairleadJson.Default.HostRecord) ?? new HostRecord();

    private static void Save(HostRecord record) => JsonFile.Save(Path, record, FairleadJson.Default.HostRecord);

    private static IEnumerable<SavedSysctl> Snapshot(string name)
    {
        yield return Now(name);
        if (name == Switch4)
        {
            yield return Now($"{Links4}/all/accept_redirects");
        }

        foreach (var link in Links(name == Switch4 ? Links4 : Links6).Where(link => link != "all"))
        {
            yield return Now($"{(name == Switch4 ? Links4 : Links6)}/{link}/forwarding");
        }

        foreach (var link in name == Switch6 ? Links(Links6).Where(Hears) : [])
        {
            yield return Now($"{Links6}/{link}/accept_ra");
        }
    }

    /// <summary>A forwarding host is deaf to router advertisements unless told otherwise (accept_ra 2), and would lose the default route they gave it.</summary>
    private static void HearRouters()
    {
        foreach (var link in Links(Links6).Where(Hears))
        {
            Sysctl.Write($"{Links6}/{link}/accept_ra", "2");
        }
    }

    private static bool Hears(string link) => Sysctl.Read($"{Links6}/{link}/accept_ra") == "1";

    private static IEnumerable<string> Links(string directory) =>
        Directory.GetDirectories($"/proc/sys/{directory}").Select(path => System.IO.Path.GetFileName(path)!).Order(StringComparer.Ordinal);

    private static SavedSysctl Now(string name) => new(name, Sysctl.Read(name));
}
