using System.Diagnostics;
using System.Text;
using Fairlead.Testing;

namespace Fairlead.Benchmarks;

/// <summary>The baseline of <see cref="ServiceRules"/>: the same translation as one chain per Service and endpoint, loaded by <c>nft</c>.</summary>
internal static class ServiceChains
{
    /// <summary>Loads it into a namespace of its own; returns what that took.</summary>
    public static TimeSpan Load(int services, int endpoints)
    {
        var text = Text(services, endpoints);
        using var node = new TestNetns();
        var watch = Stopwatch.StartNew();
        var (code, _, error) = Tool.TryRun("nsenter", text, $"--net={node.Path}", "nft", "-f", "-");
        return code == 0 ? watch.Elapsed : throw new InvalidOperationException($"nft refused the baseline: {error}");
    }

    private static string Text(int services, int endpoints)
    {
        var text = new StringBuilder("table ip chains {\n");
        for (var i = 0; i < services; i++)
        {
            for (var e = 0; e < endpoints; e++)
            {
                text.Append($"chain e{i}x{e} {{\nmeta l4proto tcp dnat to {ServiceLoad.Endpoint(i, e)}:8080\n}}\n");
            }

            text.Append($"chain s{i} {{\nnumgen random mod {endpoints} vmap {{ {string.Join(", ", Enumerable.Range(0, endpoints).Select(e => $"{e} : goto e{i}x{e}"))} }}\n}}\n");
        }

        text.Append("map services {\ntype ipv4_addr . inet_proto . inet_service : verdict\nelements = { ");
        text.AppendJoin(", ", Enumerable.Range(0, services).Select(i => $"{ServiceLoad.ClusterIP(i)} . tcp . 80 : goto s{i}"));
        return text.Append(" }\n}\nchain prerouting {\ntype nat hook prerouting priority -100\nip daddr . meta l4proto . th dport vmap @services\n}\n}\n").ToString();
    }
}
