using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("--nodes takes a number from 1 to 64", "up", "--nodes", "0")]
    [InlineData("lower-case letters", "up", "--name", "Not_A_Name")]
    [InlineData("--sideways", "up", "--sideways")]
    [InlineData("sideways", "sideways")]
    [InlineData("sideways", "demo", "sideways")]
    [InlineData("sideways", "demo", "--only", "sideways")]
    public void A_wrong_command_line_exits_2_and_says_what_is_wrong(string reason, params string[] arguments)
    {
        var (code, _, error) = Tool.TryRun(ClusterFixture.BuiltProgram, "", arguments);

        Assert.Equal(2, code);
        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.Contains("hint:", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Status_of_what_does_not_run_exits_1()
    {
        var (code, output, _) = Tool.TryRun(ClusterFixture.BuiltProgram, "", "status", "--name", "never-started");

        Assert.Equal(1, code);
        Assert.Contains("not running", output, StringComparison.Ordinal);
    }
}
