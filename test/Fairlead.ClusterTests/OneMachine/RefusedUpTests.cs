namespace Fairlead.ClusterTests.OneMachine;

/// <summary>What keeps `up` from starting is told in two lines, and nothing is left behind.</summary>
public sealed class RefusedUpTests(Machine machine) : IClassFixture<Machine>
{
    [Theory]
    [InlineData("need root; this runs as nobody", "sudo", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")]
    [InlineData("root lacks CAP_NET_ADMIN and CAP_SYS_ADMIN", "--privileged", "setpriv", "--bounding-set=-net_admin,-sys_admin", "--inh-caps=-net_admin,-sys_admin")]
    [InlineData("may not be changed from here", "user namespace", "unshare", "--user", "--map-root-user")]
    public void Without_the_right_to_change_the_network_up_says_so(string what, string way, params string[] prefix)
    {
        var before = machine.Snapshot();

        var (code, output, error) = machine.TryRun(prefix[0], [.. prefix[1..], ClusterFixture.BuiltProgram, "up", "--detach"]);

        Assert.Equal((1, ""), (code, output));
        Refused(error, what, way);
        Assert.Equal("", Machine.Difference(before, machine.Snapshot()));
    }

    [Fact]
    public void Without_nf_tables_up_says_so()
    {
        var before = machine.Snapshot();

        var (code, _, error) = machine.TryRun(Environment.ProcessPath!, "without-netfilter", ClusterFixture.BuiltProgram, "up", "--detach");

        Assert.Equal(1, code);
        Refused(error, "this kernel has no nf_tables", "modprobe nf_tables");
        Assert.Equal("", Machine.Difference(before, machine.Snapshot()));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(200)]
    public void On_a_full_disk_up_names_it_and_leaves_nothing(int kilobytesLeft)
    {
        var before = machine.Snapshot();
        machine.Run("mount", "-t", "tmpfs", "-o", $"size={kilobytesLeft}k", "full", "/var/lib");

        var (code, _, error) = machine.TryRun(ClusterFixture.BuiltProgram, "up", "--detach", "--name", "large");

        Assert.Equal(1, code);
        Refused(error, "/var/lib/fairlead/large", "make room");
        Assert.Equal("/var/lib", machine.Run("find", "/var/lib").Trim());
        machine.Run("umount", "/var/lib");
        Assert.Equal("", Machine.Difference(before, machine.Snapshot()));
    }

    private static void Refused(string error, string what, string way)
    {
        var lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("error: ", lines[0], StringComparison.Ordinal);
        Assert.Contains(what, lines[0], StringComparison.Ordinal);
        Assert.StartsWith("hint: ", lines[1], StringComparison.Ordinal);
        Assert.Contains(way, lines[1], StringComparison.Ordinal);
    }
}
