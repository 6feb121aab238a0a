namespace Fairlead.ClusterTests.OneMachine;

public sealed class DownTests : IDisposable
{
    private const string Foreign =
        """
        # mine, and to stay so
        apiVersion: v1
        kind: Config
        clusters:
          - cluster: {server: "https://192.0.2.9:6443"}
            name:   elsewhere
        contexts:
        - context:
            cluster: elsewhere
            user: me
          name: elsewhere
        current-context: elsewhere   # the one I use
        preferences: {}
        users:
        - name: me
          user: {}
        """;

    private readonly Machine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Down_of_all_leaves_everything_as_it_was()
    {
        File.WriteAllText(_machine.Kubeconfig, Foreign);
        File.SetUnixFileMode(_machine.Kubeconfig, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        _machine.Run("ip", "link", "add", "other", "type", "bridge");
        _machine.Run("ip", "link", "set", "other", "addrgenmode", "none");
        _machine.Run("ip", "addr", "add", "192.0.2.2/24", "dev", "other");
        _machine.Run("ip", "link", "set", "other", "up");
        _machine.Run("nft", "add table inet somebodys; add chain inet somebodys every { type filter hook forward priority 0; }");
        var before = _machine.Snapshot();

        Fairlead("up", "--detach", "--ip-family", "dual");
        _machine.Run(ClusterFixture.KubectlProgram, "run", "left", "--image=busybox", "--", "sleep", "86399.25");
        _machine.Run(ClusterFixture.KubectlProgram, "run", "web", "--image=registry.example/web:1", "--port=80");
        _machine.Run(ClusterFixture.KubectlProgram, "wait", "--for=condition=Ready", "pod/left", "pod/web", "--timeout=120s");
        Assert.Contains("current-context: fairlead", File.ReadAllText(_machine.Kubeconfig), StringComparison.Ordinal);
        Assert.NotEmpty(Sleepers());
        Assert.NotEqual(before, _machine.Snapshot());

        Fairlead("down", "--all");

        Assert.Equal("", Machine.Difference(before, _machine.Snapshot()));
        Assert.Empty(Sleepers());
        Assert.Contains("there is no cluster", Fairlead("down"), StringComparison.Ordinal);
        Assert.Equal("", Machine.Difference(before, _machine.Snapshot()));
    }

    private static List<string> Sleepers() =>
    [
        .. Directory.GetDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), out _) && File.Exists($"{path}/cmdline"))
            .Where(path => ReadAll($"{path}/cmdline").Contains("86399.25", StringComparison.Ordinal)),
    ];

    private static string ReadAll(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            // It ended meanwhile.
            return "";
        }
    }

    private string Fairlead(params string[] arguments) => _machine.Run(ClusterFixture.BuiltProgram, arguments);
}
