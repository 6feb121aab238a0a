using System.Diagnostics;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>
/// A machine of its own, as far as a cluster can tell: a network and mounts of its own, /run and /var/lib empty, the name servers and users it is given. So
/// a test may fill its disk, take every cluster down, and compare everything that is left.
/// </summary>
public sealed class Machine : IDisposable
{
    private const string Prepare = """
        awk '$5 ~ "^/(run|var/lib)/" { print $5 }' /proc/self/mountinfo | sort -r | while read -r mount; do umount -l "$mount" 2>/dev/null || true; done
        mount -t tmpfs -o mode=755 machine /run
        mount -t tmpfs -o mode=755,size=96m machine /var/lib
        mount --bind "$1/resolv.conf" /etc/resolv.conf
        mount --bind "$1/passwd" /etc/passwd
        ip link set lo up
        ip netns add first && ip netns del first # makes /run/netns, which iproute2 leaves as well
        echo ready
        exec cat
        """;

    private readonly TestNetns _network = new();
    private readonly Process _holder;

    /// <summary>Makes one with no name server and the users of this machine.</summary>
    public Machine()
        : this("", "")
    {
    }

    /// <summary>Makes one.</summary>
    /// <param name="resolvers">The text of its resolv.conf.</param>
    /// <param name="users">Lines added to its passwd.</param>
    private Machine(string resolvers, string users)
    {
        File.WriteAllText(Path.Combine(Directory, "resolv.conf"), resolvers);
        File.WriteAllText(Path.Combine(Directory, "passwd"), File.ReadAllText("/etc/passwd") + users);
        File.SetUnixFileMode(Directory, File.GetUnixFileMode("/usr"));
        string[] command = [$"--net={_network.Path}", "unshare", "--mount", "--propagation", "private", "sh", "-ec", Prepare, "machine", Directory];
        _holder = Process.Start(new ProcessStartInfo("nsenter", command) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Assert.Equal("ready", _holder.StandardOutput.ReadLine());
    }

    /// <summary>One with name servers and users of its own.</summary>
    public static Machine With(string resolvers, string users) => new(resolvers, users);

    /// <summary>A folder outside of what the machine has for itself, at the same path within.</summary>
    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("fairlead-machine-").FullName;

    /// <summary>The kubeconfig that its programs are told of.</summary>
    public string Kubeconfig => Path.Combine(Directory, "config");

    /// <summary>Its network namespace, to give links to.</summary>
    public string Network => _network.Path;

    /// <summary>How everybody else names one of its files.</summary>
    public string Outer(string path) => $"/proc/{_holder.Id}/root{path}";

    /// <summary>Runs something there; fails the test when it exits other than 0.</summary>
    public string Run(string command, params string[] arguments)
    {
        var (code, output, error) = TryRun(command, arguments);
        return code == 0 ? output : throw new InvalidOperationException($"{command} {string.Join(' ', arguments)}: exit {code}: {error}{output}\n{Logs()}");
    }

    /// <summary>Runs something there and tells all.</summary>
    public (int Code, string Output, string Error) TryRun(string command, params string[] arguments) => TryRun([], "", command, arguments);

    /// <summary>Runs something there, with variables and input, and tells all.</summary>
    public (int Code, string Output, string Error) TryRun(string[] variables, string input, string command, params string[] arguments) =>
        Tool.TryRun("nsenter", input, ["--target", $"{_holder.Id}", "--net", "--mount", "env", $"KUBECONFIG={Kubeconfig}", .. variables, command, .. arguments]);

    /// <summary>Everything there that a cluster could leave behind. One section a line, so that a difference names itself.</summary>
    public string Snapshot()
    {
        string[] commands =
        [
            "ip netns list", "ip -o link", "ip -o addr", "ip route show table all", "ip -6 route show table all", "ip rule", "ip -6 rule", "ip neigh show nud permanent",
            "nft list ruleset", "find /run /var/lib -not -name xtables.lock", "sysctl -a", $"stat -c '%n %a %u:%g' {Directory} {Directory}/*",
        ];
        var sections = commands.Select(command => $"== {command}\n{string.Join('\n', Run("sh", "-c", $"{command} 2>/dev/null || true").Split('\n').Where(IsLasting))}");
        return string.Join('\n', [.. sections, "== mounts", .. Mounts(), "== processes", .. Processes(), "== kubeconfig", File.Exists(Kubeconfig) ? File.ReadAllText(Kubeconfig) : "none"]);
    }

    /// <summary>The lines that one of two snapshots has and the other has not; empty when they agree.</summary>
    public static string Difference(string before, string after)
    {
        var (old, now) = (before.Split('\n'), after.Split('\n'));
        return string.Join('\n', [.. old.Except(now).Select(line => $"- {line}"), .. now.Except(old).Select(line => $"+ {line}")]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        TryRun(ClusterFixture.BuiltProgram, "down", "--all");
        _holder.StandardInput.Close();
        _holder.WaitForExit();
        _holder.Dispose();
        _network.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    /// <summary>Of kernel parameters: those of the network, but for what merely counts or is drawn anew.</summary>
    private static bool IsLasting(string line) => !line.Contains(" = ", StringComparison.Ordinal)
        || (line.StartsWith("net.", StringComparison.Ordinal) && !line.Contains("_count =", StringComparison.Ordinal) && !line.StartsWith("net.core.", StringComparison.Ordinal));

    private IEnumerable<string> Mounts() => File.ReadLines($"/proc/{_holder.Id}/mountinfo")
        .Select(line => string.Join(' ', line.Split(' ').Skip(2)))

        // What other tests have mounted, inherited here.
        .Where(mount => !mount.Contains(" /tmp/", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal);

    private List<string> Processes()
    {
        var ours = MountNamespace($"/proc/{_holder.Id}");
        return [.. System.IO.Directory.GetDirectories("/proc", "*").Where(path => int.TryParse(Path.GetFileName(path), out _) && MountNamespace(path) == ours).Order(StringComparer.Ordinal)];
    }

    /// <summary>Empty for a process that has ended or that even root may not look at.</summary>
    private static string MountNamespace(string process)
    {
        try
        {
            return new FileInfo($"{process}/ns/mnt").LinkTarget ?? "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private string Logs() => TryRun("sh", "-c", "tail -n 15 /var/lib/fairlead/*/logs/*.log").Output;
}
