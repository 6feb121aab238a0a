using System.Text.RegularExpressions;
using Fairlead.Testing;

namespace Fairlead.Tests.Architecture;

/// <summary>The house's numbers and habits that no analyzer holds.</summary>
public sealed partial class HouseNumbersTests
{
    // Who may start a process: the one class that does so, the supervisor, and the runtime of containers.
    private static readonly string[] Starters = ["src/Fairlead.Linux/Processes/", "src/fairlead/", "src/Fairlead.Pods/"];

    [Fact]
    public void No_file_is_longer_than_600_lines() =>
        Assert.Empty(Checkout.Sources("src", "test").Where(source => source.Lines.Length > 600).Select(source => source.File));

    [Fact]
    public void Nothing_is_unfinished_muted_or_folded_away() =>
        Assert.Empty(
            from source in Checkout.Sources("src", "test")
            where Path.GetFileName(source.File) != "HouseNumbersTests.cs"
            from line in source.Lines
            where Unfinished().IsMatch(line)
            select $"{source.File}: {line.Trim()}");

    [Fact]
    public void Agent_plugin_and_control_plane_start_no_process() =>
        Assert.Empty(
            from source in Checkout.Sources("src")
            where !Starters.Any(prefix => source.File.StartsWith(prefix, StringComparison.Ordinal))
            from line in source.Lines
            where StartsProcess().IsMatch(line)
            select $"{source.File}: {line.Trim()}");

    [Fact]
    public void No_kernel_tool_is_named_as_a_program_to_run() =>
        Assert.Empty(
            from source in Checkout.Sources("src")
            from line in source.Lines
            where KernelTool().IsMatch(line)
            select $"{source.File}: {line.Trim()}");

    [GeneratedRegex(@"#region|\bTODO\b|\bFIXME\b|NotImplementedException|Fact\(Skip|Assert\.Skip|Thread\.Sleep|catch\s*\{\s*\}")]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"Process\.Start\(|new ProcessStartInfo|PreparedProcess\(|ChildProcess\.Start")]
    private static partial Regex StartsProcess();

    [GeneratedRegex("\"(/usr)?(/s?bin/)?(nft|iptables|ip6tables|ipset|sysctl|tc)\"[,)]")]
    private static partial Regex KernelTool();
}
