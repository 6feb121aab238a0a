using System.Text.Json.Nodes;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("--nodes takes a number from 1 to 64", "up", "--nodes", "0")]
    [InlineData("--nodes takes a number from 1 to 64, not many", "up", "--nodes", "many")]
    [InlineData("does not take perhaps", "up", "--no-egress=perhaps")]
    [InlineData("there is no file or folder /nowhere.yaml", "up", "-f", "/nowhere.yaml")]
    [InlineData("table, json", "status", "-o", "pdf")]
    [InlineData("did you mean status?", "sttaus")]
    [InlineData("did you mean kubeconfig?", "kube")]
    [InlineData("did you mean --nodes?", "up", "--node", "3")]
    [InlineData("did you mean --detach?", "up", "--detatch")]
    [InlineData("`fairlead down` does not take mine", "down", "mine")]
    [InlineData("lower-case letters", "up", "--name", "Not_A_Name")]
    [InlineData("--sideways", "up", "--sideways")]
    [InlineData("sideways", "sideways")]
    [InlineData("sideways", "demo", "sideways")]
    [InlineData("sideways", "demo", "--only", "sideways")]
    [InlineData("tcsh", "completion", "tcsh")]
    [InlineData("did you mean services?", "inspect", "servces")]
    [InlineData("a/b/c names no Service", "inspect", "services", "a/b/c")]
    [InlineData("a/b names no Service of namespace c", "inspect", "endpoints", "a/b", "-n", "c")]
    [InlineData("wide", "inspect", "frontends", "-o", "pdf")]
    public void A_wrong_command_line_exits_2_and_says_what_is_wrong(string reason, params string[] arguments)
    {
        var (code, _, error) = Tool.TryRun(ClusterFixture.BuiltProgram, "", arguments);

        Assert.Equal(2, code);
        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.Matches(@"^error: [\w`'-].*[^\uFFFD]\nhint: .*see `fairlead.* --help`\n$", error);
        Assert.DoesNotContain('\uFFFD', error);
    }

    [Fact]
    public void Without_a_command_it_shows_its_help()
    {
        var (code, output, _) = Tool.TryRun(ClusterFixture.BuiltProgram, "");

        Assert.Equal(0, code);
        Assert.Contains("Usage:", output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_completion_script_that_is_printed_is_one_bash_can_read_and_use()
    {
        var (code, script, _) = Tool.TryRun(ClusterFixture.BuiltProgram, "", "completion", "bash");
        Assert.Equal(0, code);
        var offered = Tool.TryRun("bash", $"{script}\nCOMP_WORDS=(fairlead do); COMP_CWORD=1; _fairlead; echo \"${{COMPREPLY[@]}}\"\n", "--norc");
        Assert.Equal((0, "down\n", ""), offered);
    }

    [Fact]
    public void Inspection_of_what_does_not_run_exits_1_and_says_how_to_start_it()
    {
        var (code, output, error) = Tool.TryRun(ClusterFixture.BuiltProgram, "", "inspect", "services", "--name", "never-started");

        Assert.Equal((1, ""), (code, output));
        Assert.Equal(
            "error: there is no cluster never-started\nhint: `fairlead up --name never-started` starts one; on a node of another cluster, --socket names where its agent answers\n", error);
    }

    [Theory]
    [InlineData("cni")]
    [InlineData]
    public void As_a_CNI_plugin_it_is_told_by_the_verb_or_by_the_environment(params string[] verb)
    {
        var (code, output, error) = Tool.TryRun("env", """{"cniVersion":"1.0.0"}""", ["CNI_COMMAND=VERSION", ClusterFixture.BuiltProgram, .. verb]);

        Assert.Equal((0, ""), (code, error));
        Assert.Contains("1.1.0", JsonNode.Parse(output)!["supportedVersions"]!.AsArray().Select(version => (string?)version));

        (code, output, _) = Tool.TryRun("env", """{"cniVersion":"1.1.0","name":"n","type":"fairlead-cni"}""", ["CNI_COMMAND=SING", ClusterFixture.BuiltProgram, .. verb]);
        Assert.Equal((1, 4), (code, (int?)JsonNode.Parse(output)!["code"]));
    }

    [Fact]
    public void Status_of_what_does_not_run_exits_1()
    {
        var (code, output, _) = Tool.TryRun(ClusterFixture.BuiltProgram, "", "status", "--name", "never-started");

        Assert.Equal(1, code);
        Assert.Equal("cluster never-started: not running\n  `fairlead up --name never-started` starts one\n", output);
    }
}
