using Fairlead.Commands;
using Fairlead.Terminal;
using Fairlead.Testing;

namespace Fairlead.Tests.Completion;

/// <summary>The bash script is run by a real bash, which is asked what it would offer.</summary>
public sealed class ShellCompletionTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("completion").FullName;

    public ShellCompletionTests()
    {
        foreach (var cluster in new[] { "east", "west" })
        {
            Directory.CreateDirectory(Path.Combine(_directory, cluster));
            File.WriteAllText(Path.Combine(_directory, cluster, "cluster.json"), "{}");
        }

        Directory.CreateDirectory(Path.Combine(_directory, "no-cluster"));
        File.WriteAllText(Path.Combine(_directory, "bash"), Script("bash"));
    }

    [Theory]
    [InlineData("agent cni completion demo diff down explain ingress inspect kubeconfig observe status test up", "fairlead", "")]
    [InlineData("demo diff down", "fairlead", "d")]
    [InlineData("--help --version -h", "fairlead", "-")]
    [InlineData("--detach", "fairlead", "up", "--name", "x", "--nodes", "2", "--det")]
    [InlineData("--name --no-egress --no-ingress --no-switch --nodes", "fairlead", "up", "--n")]
    [InlineData("east west", "fairlead", "up", "--name", "")]
    [InlineData("west", "fairlead", "down", "--name", "w")]
    [InlineData("west", "fairlead", "down", "--name", "=", "w")]
    [InlineData("east west", "fairlead", "down", "--name", "=")]
    [InlineData("dual ipv4", "fairlead", "up", "--nodes", "3", "--ip-family", "")]
    [InlineData("json", "fairlead", "status", "-o", "j")]
    [InlineData("dns endpoints frontends routes services", "fairlead", "inspect", "")]
    [InlineData("json table wide", "fairlead", "inspect", "services", "-o", "")]
    [InlineData("east west", "fairlead", "inspect", "frontends", "--name", "")]
    [InlineData("lesson", "fairlead", "demo", "")]
    [InlineData("bash fish zsh", "fairlead", "completion", "")]
    [InlineData("", "fairlead", "up", "--nodes", "")]
    [InlineData("", "fairlead", "up", "")]
    [InlineData("", "fairlead", "sideways", "--n")]
    public void Bash_offers_verbs_options_and_values(string expected, params string[] words) =>
        Assert.Equal(expected, string.Join(' ', Offered(words).Order(StringComparer.Ordinal)));

    [Fact]
    public void Bash_offers_files_where_a_file_is_wanted()
    {
        File.WriteAllText(Path.Combine(_directory, "a b.yaml"), "");
        foreach (var words in new string[][] { ["up", "-f"], ["test"], ["test", "x.yaml", "--manifests"], ["test", "--sarif"], ["diff", "before"] })
        {
            Assert.Equal([Path.Combine(_directory, "a b.yaml")], Offered(["fairlead", .. words, Path.Combine(_directory, "a")]));
        }
    }

    [Fact]
    public void Zsh_and_fish_know_every_verb_and_option_that_bash_knows()
    {
        var (zsh, fish) = (Script("zsh"), Script("fish"));
        foreach (var verb in Offered("fairlead", ""))
        {
            Assert.Contains($"{verb}\\:\"", zsh, StringComparison.Ordinal);
            Assert.Contains($"-a {verb} -d '", fish, StringComparison.Ordinal);
            foreach (var option in Offered("fairlead", verb, "--"))
            {
                Assert.Contains($"'{option}[", zsh, StringComparison.Ordinal);
                Assert.Contains($" -l {option[2..]}", fish, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void What_is_hidden_is_not_offered() => Assert.All(["bash", "zsh", "fish"], shell =>
    {
        Assert.DoesNotContain("progress-fd", Script(shell), StringComparison.Ordinal);
        Assert.DoesNotContain("pods\\:", Script(shell), StringComparison.Ordinal);
        Assert.DoesNotContain("-a pods", Script(shell), StringComparison.Ordinal);
        Assert.DoesNotContain("pods", Offered("fairlead", ""));
    });

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private string Script(string shell) =>
        ShellCompletionCommand.Script(shell, RootCommandFactory.Create(new Output()), [Path.Combine(_directory, "*", "cluster.json")]);

    private string[] Offered(params string[] words)
    {
        const string Ask = """. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fairlead 2>/dev/null; printf '%s\n' "${COMPREPLY[@]}" """;
        return Tool.Run("bash", ["-c", Ask, "bash", Path.Combine(_directory, "bash"), .. words]).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
