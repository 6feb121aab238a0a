using System.Globalization;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Namespaces;
using Fairlead.Policy;
using Fairlead.Policy.Evaluate;

namespace Fairlead.KernelTests.Policy;

/// <summary>
/// Three namespaces of three pods, TCP and UDP, ports 80 and 81: after every step of every case each way is open for real packets exactly when the evaluator
/// says so. FAIRLEAD_POLICY_CASES=N draws N cases instead of 60 and takes every pair of peers and ports.
/// </summary>
public sealed class PolicyGridTests
{
    private const int Drawn = 60;
    private const int Enough = 6;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Fact]
    public void The_kernel_lets_through_what_the_evaluator_allows_over_the_whole_grid_and_nothing_else()
    {
        using var node = new PolicyNode();
        string[] pods = [.. from space in new[] { "x", "y", "z" } from pod in new[] { "a", "b", "c" } select space + pod];
        foreach (var pod in pods)
        {
            var (own, other) = pod[1] == 'b' ? (81, 80) : (80, 81);
            node.AddPod(
                pod[..1], pod, $"pod={pod[1]}", Port("serve-80", IpProtocol.Tcp, 80), Port("serve-81", IpProtocol.Tcp, 81), Port("serve-80", IpProtocol.Udp, 80),
                Port("serve-81", IpProtocol.Udp, 81), Port("swapped", IpProtocol.Tcp, own), Port("unused", IpProtocol.Tcp, other));
        }

        using var grid = new PolicyGrid(node, pods);
        var asked = Environment.GetEnvironmentVariable("FAIRLEAD_POLICY_CASES");
        var cases = GridCases.All(node.World, asked is null ? Drawn : int.Parse(asked, CultureInfo.InvariantCulture), every: asked is not null).ToList();
        var wrong = new List<string>();
        var steps = 0;
        OwnThread.Run(() =>
        {
            PolicyGrid.Pin();
            foreach (var @case in cases.TakeWhile(_ => wrong.Count < Enough))
            {
                var world = node.World;
                foreach (var step in @case.Steps)
                {
                    world = step(world);
                    node.ApplyAsync(world).GetAwaiter().GetResult();
                    var family = steps++ % 2 == 0 ? IpFamily.V4 : IpFamily.V6;
                    wrong.AddRange(Differences(grid, world, family).Take(3).Select(text => $"{@case.Name}, step {Array.IndexOf(@case.Steps, step) + 1}: {text}"));
                }
            }
        });
        TestContext.Current.TestOutputHelper?.WriteLine($"{cases.Count} cases, {steps} steps, {steps * grid.Ways.Count} ways");
        Assert.True(cases.Count >= 300, $"{cases.Count} cases");
        Assert.Empty(wrong);
    }

    /// <summary>What is open and should not be; and what should be open and does not come to be so however often it is tried.</summary>
    private static List<string> Differences(PolicyGrid grid, PolicyWorld world, IpFamily family)
    {
        var allowed = grid.Ways.Where(way => PolicyEvaluator.Evaluate(world, Address(way.From, family), Address(way.To, family), way.Protocol, way.Port).Allowed).ToHashSet();
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var open = grid.Probe(family);
            var wrong = open.Except(allowed).Select(way => $"{way} is open").ToList();
            var missing = allowed.Except(open).ToList();
            if (wrong.Count > 0 || missing.Count == 0)
            {
                return wrong;
            }

            if (TimeProvider.System.GetElapsedTime(start) > Patience)
            {
                return [.. missing.Select(way => $"{way} is closed")];
            }
        }
    }

    private static IpAddr Address(PodRow pod, IpFamily family) => pod.IPs.First(address => address.Family == family);

    private static ContainerPort Port(string name, IpProtocol protocol, int port) => new(name, protocol, (ushort)port, 0, default);
}
