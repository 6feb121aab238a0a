using Fairlead.Testing;

namespace Fairlead.Tests.Build;

/// <summary>Which kubectl `make` takes: eng/kubectl.sh in a checkout of its own, on a PATH of the test's making, with no network.</summary>
public sealed class KubectlScriptTests : IDisposable
{
    private readonly string _checkout = Directory.CreateTempSubdirectory("fairlead-kubectl-").FullName;

    public KubectlScriptTests()
    {
        Directory.CreateDirectory(Path.Combine(_checkout, "eng"));
        Directory.CreateDirectory(Path.Combine(_checkout, "path"));
        foreach (var file in (string[])["Makefile", "eng/setup.sh", "eng/kubectl.sh"])
        {
            File.Copy(Path.Combine(Checkout.Root, file), Path.Combine(_checkout, file));
        }
    }

    private string Chosen => File.ResolveLinkTarget(Path.Combine(_checkout, ".tools/kubectl"), true)!.FullName;

    public void Dispose() => Directory.Delete(_checkout, true);

    [Fact]
    public void The_one_on_PATH_is_taken_when_it_is_new_enough()
    {
        var path = Program("kubectl", Kubectl("32"));

        Assert.Equal(0, Script().Code);
        Assert.Equal(path, Chosen);
    }

    [Fact]
    public void What_a_real_kubectl_says_of_its_version_is_understood()
    {
        var real = Tool.Run("readlink", "-f", Environment.GetEnvironmentVariable("FAIRLEAD_KUBECTL") ?? Tool.Run("which", "kubectl").Trim()).Trim();
        File.CreateSymbolicLink(Path.Combine(_checkout, "path/kubectl"), real);

        Assert.Equal(0, Script().Code);
        Assert.Equal(real, Chosen);
    }

    [Fact]
    public void The_one_that_is_named_comes_before_all()
    {
        Program("kubectl", Kubectl("32"));
        var named = Program("mine", Kubectl("36"));

        Assert.Equal(0, Script($"KUBECTL={named}").Code);
        Assert.Equal(named, Chosen);
        Assert.Contains("KUBECTL=nobody is not a program", Script("KUBECTL=nobody").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Debians_own_is_too_old_and_a_download_with_another_checksum_is_thrown_away()
    {
        Program("kubectl", Kubectl("20"));
        Program("curl", "while [ \"$1\" != -o ]; do shift; done; echo something else > \"$2\"");

        var (code, _, error) = Script();

        Assert.Equal(1, code);
        Assert.Contains("put a newer kubectl on PATH", error, StringComparison.Ordinal);
        Assert.Contains("make KUBECTL=/path/to/kubectl", error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(Path.Combine(_checkout, ".tools")));
    }

    [Fact]
    public void A_download_with_the_pinned_checksum_is_taken_and_not_fetched_again()
    {
        var download = Program("download", Kubectl("32"));
        Program("curl", $"while [ \"$1\" != -o ]; do shift; done; cp '{download}' \"$2\"");
        var script = Path.Combine(_checkout, "eng/kubectl.sh");
        var pinned = Tool.Run("sha256sum", download).Split(' ')[0];
        File.WriteAllText(script, System.Text.RegularExpressions.Regex.Replace(File.ReadAllText(script), "amd64\\]=[0-9a-f]{64}", $"amd64]={pinned}"));

        Assert.Equal(0, Script().Code);
        var fetched = Chosen;
        Program("curl", "exit 7");
        Assert.Equal(0, Script().Code);

        Assert.StartsWith(Path.Combine(_checkout, ".tools/kubectl-v1."), fetched, StringComparison.Ordinal);
        Assert.Equal(fetched, Chosen);
    }

    [Fact]
    public void Without_any_make_stops_before_it_builds()
    {
        Program("kubectl", Kubectl("20"));
        Program("curl", "exit 7");
        Program("dotnet", "if [ \"$1\" = --list-sdks ]; then echo '10.0.100 [/]'; else touch built; fi");

        var (code, _, error) = Run("make", "build");

        Assert.NotEqual(0, code);
        Assert.Contains("could not be fetched and verified", error, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_checkout, "built")));
    }

    [Fact]
    public void Busybox_and_nft_are_installed_from_Debian_where_they_are_missing_and_only_there()
    {
        Program("kubectl", Kubectl("32"));
        Program("dotnet", "echo '10.0.100 [/]'");
        Program("curl", "exit 7");
        Program("apt-get", "echo \"$@\" >> apt");
        var programs = WithoutKubectl();
        Assert.Equal(0, Setup().Code);
        Assert.False(File.Exists(Path.Combine(_checkout, "apt")));

        File.Delete(Path.Combine(programs, "busybox"));
        File.Delete(Path.Combine(programs, "nft"));
        Assert.Equal(0, Setup().Code);
        Assert.Equal("update -qq\ninstall -y -qq --no-install-recommends busybox nftables\n", File.ReadAllText(Path.Combine(_checkout, "apt")));

        (int Code, string Output, string Error) Setup() => Tool.TryRun("env", "", "-i", "-C", _checkout, $"PATH={_checkout}/path:{programs}", "bash", "eng/setup.sh");
    }

    private static string Kubectl(string minor) => $"printf 'clientVersion:\\n  major: \"1\"\\n  minor: \"{minor}\"\\n'";

    private string Program(string name, string body)
    {
        var path = Path.Combine(_checkout, "path", name);
        File.WriteAllText(path, $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    private (int Code, string Output, string Error) Script(params string[] variables) => Run([.. variables, "bash", "eng/kubectl.sh"]);

    // The machine's programs without its kubectl: what is first on PATH is the test's.
    private (int Code, string Output, string Error) Run(params string[] command) =>
        Tool.TryRun("env", "", ["-i", "-C", _checkout, $"PATH={_checkout}/path:{WithoutKubectl()}", .. command]);

    private string WithoutKubectl()
    {
        var programs = Path.Combine(_checkout, "programs");
        Directory.CreateDirectory(programs);
        foreach (var name in (string[])["bash", "sh", "sed", "ln", "mkdir", "readlink", "dpkg", "dirname", "sha256sum", "chmod", "mv", "cp", "rm", "cat", "touch", "make",
            "grep", "tr", "id", "sysctl", "busybox", "nft", "ip", "dig", "conntrack", "gcc"])
        {
            File.Delete(Path.Combine(programs, name));
            File.CreateSymbolicLink(Path.Combine(programs, name), Tool.Run("which", name).Trim());
        }

        return programs;
    }
}
