using Fairlead.Linux.Addresses;
using Fairlead.Terminal;

namespace Fairlead.OneMachine;

/// <summary>Makes, keeps and compares cluster specifications.</summary>
internal static class Specs
{
    private const int DefaultNodes = 2;

    /// <summary>The specification on disk; null when the cluster was never started or was taken down.</summary>
    public static ClusterSpec? Load(string name) => JsonFile.Load(new ClusterPaths(name).Spec, FairleadJson.Default.ClusterSpec);

    /// <summary>Writes the specification.</summary>
    public static void Save(ClusterSpec spec) => JsonFile.Save(new ClusterPaths(spec.Name).Spec, spec, FairleadJson.Default.ClusterSpec);

    /// <summary>A cluster keeps the size and families it was made with: another wish is an error that names the difference.</summary>
    /// <exception cref="UserError">The request differs.</exception>
    public static void RefuseDifference(ClusterSpec spec, UpRequest request)
    {
        var hint = $"`fairlead down{NameOption(spec)}` first, or start another with --name";
        if (request.Nodes is { } nodes && nodes != spec.Nodes)
        {
            throw new UserError($"cluster {spec.Name} has {spec.Nodes} node{(spec.Nodes == 1 ? "" : "s")}, not {nodes}", hint);
        }

        if (request.Families is { } families && families != spec.Families)
        {
            throw new UserError($"cluster {spec.Name} was started with --ip-family {Text(spec.Families)}, not {Text(families)}", hint);
        }
    }

    /// <summary>What only a new start changes: on a running cluster, another wish is an error that names the difference.</summary>
    /// <exception cref="UserError">The request differs.</exception>
    public static void RefuseDifferenceOfRunning(ClusterSpec spec, UpRequest request)
    {
        RefuseDifference(spec, request);
        var hint = $"`fairlead down --keep-state{NameOption(spec)}`, then `up` so: the objects stay";
        if (request.Egress is { } egress && egress != spec.Egress)
        {
            throw new UserError(
                $"cluster {spec.Name} was started {Text(spec.Egress)}, not {Text(egress)}", hint);
        }

        if (request.Ingress is { } ingress && ingress == spec.WithoutIngress)
        {
            throw new UserError($"cluster {spec.Name} was started {Serving(!spec.WithoutIngress)}, not {Serving(ingress)}", hint);
        }

        if (request.ExternalIPRanges is { } ranges && !ranges.SequenceEqual(spec.ExternalIPRanges))
        {
            throw new UserError($"cluster {spec.Name} was started {Text(spec.ExternalIPRanges)}, not {Text(ranges)}", hint);
        }

        if (request.DenyExternalIPs is { } deny && deny != spec.DenyExternalIPs)
        {
            throw new UserError($"cluster {spec.Name} was started {Denial(spec.DenyExternalIPs)}, not {Denial(deny)}", hint);
        }
    }

    /// <summary>A cluster keeps the ranges it was made with: what its objects say. Whoever has taken one meanwhile must give way, or the cluster be made anew.</summary>
    /// <param name="spec">The cluster that is to be resumed.</param>
    /// <param name="others">Networks the host uses for others.</param>
    /// <exception cref="UserError">A range is taken.</exception>
    public static void RefuseCollision(ClusterSpec spec, IReadOnlyCollection<IpNet> others)
    {
        foreach (var (what, range) in spec.Ranges.SelectMany(ranges => new[] { ("nodes", ranges.Fabric), ("pods", ranges.Pods), ("Services", ranges.Services) }))
        {
            var taken = others.Where(range.Overlaps).Order().ToList();
            if (taken.Count > 0)
            {
                throw new UserError(
                    $"cluster {spec.Name} has {range} for its {what}, and this machine now uses {string.Join(", ", taken)} for something else",
                    $"remove that network (`ip route`, `ip addr`), or `fairlead down{NameOption(spec)}` and `up` for a new cluster with other ranges");
            }
        }
    }

    /// <summary>A new specification with ranges that nothing on this machine uses.</summary>
    /// <param name="request">What the user asked for.</param>
    /// <param name="used">Networks the host uses.</param>
    /// <param name="apiPort">A free port for the API server.</param>
    /// <exception cref="UserError">No range is free.</exception>
    public static ClusterSpec Create(UpRequest request, IReadOnlyCollection<IpNet> used, int apiPort)
    {
        var families = request.Families ?? IpFamilyMode.Ipv4;
        return new ClusterSpec
        {
            Name = request.Name,
            Nodes = request.Nodes ?? DefaultNodes,
            Families = families,
            V4 = AddressPlan.ChooseV4(used) ?? throw NoRange("IPv4", used),
            V6 = families == IpFamilyMode.Dual ? AddressPlan.ChooseV6(used) ?? throw NoRange("IPv6", used) : null,
            ApiPort = apiPort,
            Egress = request.Egress ?? true,
            WithoutIngress = request.Ingress == false,
            ExternalIPRanges = request.ExternalIPRanges ?? [],
            DenyExternalIPs = request.DenyExternalIPs ?? false,
        };
    }

    private static UserError NoRange(string family, IReadOnlyCollection<IpNet> used) =>
        new($"no free {family} range for nodes, pods and Services: this machine uses {string.Join(", ", used.Order())}", "remove a route, or take another cluster down");

    private static string NameOption(ClusterSpec spec) => spec.Name == ClusterSpec.DefaultName ? "" : $" --name {spec.Name}";

    private static string Text(bool egress) => egress ? "with egress" : "with --no-egress";

    private static string Serving(bool ingress) => ingress ? "with Ingresses served" : "with --no-ingress";

    private static string Text(IEnumerable<IpNet> external) => external.Any() ? $"with --external-ip-range {string.Join(' ', external)}" : "without --external-ip-range";

    private static string Denial(bool denies) => denies ? "with --deny-external-ips" : "without --deny-external-ips";

    private static string Text(IpFamilyMode mode) => mode == IpFamilyMode.Dual ? "dual" : "ipv4";
}
