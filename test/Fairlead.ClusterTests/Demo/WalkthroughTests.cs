using System.Text.RegularExpressions;
using Fairlead.ClusterTests.OneMachine;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.Demo;

/// <summary>
/// The README's walk-through is replayed as written, on a machine of its own: each command in turn, and what it prints must be what the README shows,
/// whatever the numbers, the ends of pods' names and the columns' widths.
/// </summary>
public sealed partial class WalkthroughTests : IDisposable
{
    private const string Heading = "## Two minutes with kubectl";
    private const string LeftOut = "…";

    private readonly TestNetns _outside = new();
    private readonly string _home = Directory.CreateTempSubdirectory("fairlead-walk").FullName;
    private readonly string _name = $"w{Guid.NewGuid():N}"[..9];

    [Fact]
    public void The_walk_through_prints_what_the_README_shows()
    {
        Tool.RunIn(_outside, "ip", "link", "set", "lo", "up");
        var steps = Steps();
        Assert.True(steps.Count >= 10);

        foreach (var (command, shown) in steps)
        {
            var printed = Shell(command);
            Assert.True(Pattern(shown).IsMatch(Normal(printed)), $"$ {command}\nthe README shows\n{string.Join('\n', shown)}\nand it printed\n{printed}");
        }
    }

    public void Dispose()
    {
        Shell("bin/fairlead down");
        _outside.Dispose();
        Directory.Delete(_home, recursive: true);
    }

    private static List<(string Command, List<string> Shown)> Steps()
    {
        var steps = new List<(string Command, List<string> Shown)>();
        var lines = File.ReadLines(Path.Combine(Checkout.Root, "README.md"));
        foreach (var line in lines.SkipWhile(line => line != Heading).SkipWhile(line => line != "```").Skip(1).TakeWhile(line => line != "```"))
        {
            if (line.StartsWith("$ ", StringComparison.Ordinal))
            {
                steps.Add((line[2..], []));
            }
            else if (line.Length > 0)
            {
                steps[^1].Shown.Add(line);
            }
        }

        return steps;
    }

    /// <summary>As a user's shell would, except that this cluster has a name of its own: others may run beside it.</summary>
    private string Shell(string command)
    {
        var script = $$"""
            cd '{{Checkout.Root}}'
            bin/fairlead() { '{{ClusterFixture.DebugProgram}}' "$@" --name {{_name}}; }
            kubectl() { '{{ClusterFixture.KubectlProgram}}' "$@"; }
            { {{command}}
            } 2>&1
            """.Replace("'kubectl'", "command kubectl", StringComparison.Ordinal);
        return Tool.TryRun("nsenter", "", $"--net={_outside.Path}", "env", "-u", "KUBECONFIG", $"HOME={_home}", "bash", "-c", script).Output;
    }

    private static Regex Pattern(IEnumerable<string> shown) => new(
        $"^{string.Concat(shown.Select(line => line == LeftOut ? "(.*\n)*?" : Regex.Escape(Stable(line + "\n"))))}$", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5));

    private string Normal(string printed) => Stable(printed
        .Replace($"fairlead-{_name}", "fairlead", StringComparison.Ordinal)
        .Replace($" --name {_name}", "", StringComparison.Ordinal)
        .Replace(_name, "fairlead", StringComparison.Ordinal));

    /// <summary>Without what differs from run to run.</summary>
    private static string Stable(string text) => Spaces().Replace(Ages().Replace(Numbers().Replace(PodNames().Replace(text, "-#-#"), "#"), "#"), " ");

    [GeneratedRegex("-[a-z0-9]{5,10}-[a-z0-9]{5}\\b")]
    private static partial Regex PodNames();

    [GeneratedRegex(@"\d+(\.\d+)*")]
    private static partial Regex Numbers();

    [GeneratedRegex("(#[dhms])+\\b")]
    private static partial Regex Ages();

    [GeneratedRegex(" +")]
    private static partial Regex Spaces();
}
