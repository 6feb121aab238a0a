namespace Fairlead.ClusterTests.Api;

/// <summary>kubectl apply --server-side, alone and after kubectl apply without it.</summary>
public sealed class KubectlServerSideApplyTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    private const string Config = """
        apiVersion: v1
        kind: ConfigMap
        metadata: { name: c }
        data: { one: "1", two: "2" }
        """;

    private static readonly string[] ServerSide = ["apply", "--server-side", "-f", "-"];

    [Fact]
    public void Fields_are_owned_refused_to_others_and_taken_by_force()
    {
        var ns = Namespace();
        Assert.Contains("configmap/c serverside-applied", api.KubectlWith(Config, [.. ServerSide, "-n", ns]), StringComparison.Ordinal);
        var other = Config.Replace("\"2\"", "\"3\"", StringComparison.Ordinal);
        var (code, _, error) = api.TryKubectl(other, [.. ServerSide, "-n", ns, "--field-manager=robot"]);
        Assert.Equal(1, code);
        Assert.Contains("Apply failed with 1 conflict: conflict with \"kubectl\": .data.two", error, StringComparison.Ordinal);
        api.KubectlWith(other, [.. ServerSide, "-n", ns, "--field-manager=robot", "--force-conflicts"]);
        Assert.Equal("1 3", Values(ns));
        Assert.Equal("kubectl robot", api.Kubectl("get", "cm", "c", "-n", ns, "--show-managed-fields", "-o", "jsonpath={.metadata.managedFields[*].manager}"));
    }

    [Fact]
    public void What_is_no_longer_applied_goes()
    {
        var ns = Namespace();
        api.KubectlWith(Config, [.. ServerSide, "-n", ns]);
        api.KubectlWith(Config.Replace(", two: \"2\"", "", StringComparison.Ordinal), [.. ServerSide, "-n", ns]);
        Assert.Equal("1 ", Values(ns));
    }

    [Fact]
    public void Client_side_apply_turns_into_server_side_apply_without_conflict()
    {
        var ns = Namespace();
        api.KubectlWith(Config, "apply", "-n", ns, "-f", "-");
        api.KubectlWith(Config.Replace("\"2\"", "\"4\"", StringComparison.Ordinal), [.. ServerSide, "-n", ns]);
        Assert.Equal("1 4", Values(ns));
        Assert.DoesNotContain("kubectl-client-side-apply", api.Kubectl("get", "cm", "c", "-n", ns, "--show-managed-fields", "-o", "yaml"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_dry_run_and_a_diff_change_nothing()
    {
        var ns = Namespace();
        api.KubectlWith(Config, [.. ServerSide, "-n", ns]);
        var other = Config.Replace("\"2\"", "\"5\"", StringComparison.Ordinal);
        Assert.Contains("serverside-applied (server dry run)", api.KubectlWith(other, [.. ServerSide, "-n", ns, "--dry-run=server"]), StringComparison.Ordinal);
        var (code, output, _) = api.TryKubectl(other, "diff", "--server-side", "-n", ns, "-f", "-");
        Assert.Equal(1, code);
        Assert.Contains("+  two: \"5\"", output, StringComparison.Ordinal);
        Assert.Equal("1 2", Values(ns));
    }

    [Fact]
    public void An_unknown_kind_is_told_as_everywhere()
    {
        var (code, _, error) = api.TryKubectl("---\n{apiVersion: foo/v1, kind: Bar, metadata: {name: x}}", "apply", "-f", "-");
        Assert.Equal(1, code);
        Assert.Contains("no matches for kind \"Bar\" in version \"foo/v1\"", error, StringComparison.Ordinal);
    }

    private string Values(string ns) => api.Kubectl("get", "cm", "c", "-n", ns, "-o", "jsonpath={.data.one} {.data.two}");

    private string Namespace()
    {
        var ns = $"ssa-{Guid.NewGuid():N}"[..16];
        api.Kubectl("create", "namespace", ns);
        return ns;
    }
}
