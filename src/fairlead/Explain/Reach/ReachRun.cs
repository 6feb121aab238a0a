using System.Text.Json;
using Fairlead.Cluster.Naming;
using Fairlead.Kube.Yaml;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Namespaces;
using Fairlead.Live;
using Fairlead.OneMachine;
using Fairlead.Policy.Findings;
using Fairlead.State;
using Fairlead.Terminal;

namespace Fairlead.Explain.Reach;

/// <summary>What `explain A B` was told.</summary>
/// <param name="From">Who opens the connection.</param>
/// <param name="To">Whom it is to reach.</param>
/// <param name="Namespace">The namespace of names that have none.</param>
/// <param name="Cluster">The cluster that is meant.</param>
/// <param name="Manifests">Files and folders in which rules are to be found.</param>
/// <param name="Probe">Send a real packet too.</param>
/// <param name="ByExec">Send it by what the container has, even where it could be sent from the pod's namespace itself.</param>
/// <param name="Format"><c>table</c>, <c>json</c> or <c>yaml</c>.</param>
internal sealed record ReachRequest(
    ConnectionEnd From, ConnectionEnd To, string Namespace, ClusterChoice Cluster, IReadOnlyList<string> Manifests, bool Probe, bool ByExec, string Format);

/// <summary>`fairlead explain A B`: follows a connection step by step and says why it comes about or not.</summary>
internal static class ReachRun
{
    /// <summary>Explains and prints. Exit code 1 when it does not come about, or a real packet met something else than was explained.</summary>
    /// <exception cref="UserError">There is nothing of a name, or no cluster to ask.</exception>
    public static async Task<int> RunAsync(ReachRequest request, Output output, CancellationToken cancellationToken)
    {
        var manifests = ManifestPlaces.Read(request.Manifests, request.Namespace);
        using var cluster = UserCluster.Open(request.Cluster);
        var tables = await cluster.ReadAsync(null, cancellationToken);
        var view = cluster.View(tables);
        var names = new ReachNames(cluster.Api, tables, view.Outside.ToValueArray());
        var from = await names.FindAsync(request.From.In(request.Namespace), cancellationToken);
        var to = await names.FindAsync(request.To.In(request.Namespace), cancellationToken);
        var settings = Settings(cluster.Spec);
        var targets = new ReachTargets(tables, settings, new ReachExplainer(tables, settings));
        var excerpts = new RuleExcerpts(cluster.Api, manifests);
        var packets = new RealPacket(cluster.Sender(view, request.ByExec), cluster.Spec is not null && !request.ByExec);
        var all = new List<(ReachExplanation Explanation, ProbeFinding? Probe)>();
        var sources = ReachNames.Sources(from);
        foreach (var source in sources)
        {
            foreach (var one in Explained(targets, source, to))
            {
                var probe = request.Probe ? await packets.SendAsync(source, one, cancellationToken) : null;
                all.Add((await excerpts.ShowAsync(one, cancellationToken), probe));
            }
        }

        Print(all, ReachFindings.Of(tables, sources, [.. all.Select(one => one.Explanation)]), request.Format, output);
        return IsGood(all) ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private static IReadOnlyList<ReachExplanation> Explained(ReachTargets targets, ReachSource source, ResolvedEnd to)
    {
        try
        {
            return targets.Explain(source, to);
        }
        catch (FormatException e)
        {
            throw new UserError(e.Message, "see `fairlead explain --help`", ExitCodes.Usage);
        }
    }

    /// <summary>What is known of a cluster beside its objects.</summary>
    /// <param name="spec">The one-machine cluster that it is; null: it is another.</param>
    internal static ReachSettings Settings(ClusterSpec? spec)
    {
        if (spec is null)
        {
            // What the agents or kube-proxies of another cluster are told is not known: external addresses are taken as served.
            return new ReachSettings { NodesAnswerDns = false, PodsAreHidden = false, ExternalIPRanges = [IpNet.Parse("0.0.0.0/0"), IpNet.Parse("::/0")] };
        }

        var paths = new ClusterPaths(spec.Name);
        return new ReachSettings
        {
            ExternalIPRanges = spec.ExternalIPRanges.ToValueArray(),
            IsCutOff = address => !spec.Egress && !spec.Ranges.Any(ranges => ranges.Fabric.Contains(address)),
            ListenersOf = pod => NetnsSockets.Read(Vantages.Netns(paths, pod)),
            NodeListenersOf = node => Enumerable.Range(1, spec.Nodes).FirstOrDefault(number => spec.NodeName(number) == node.Name) is > 0 and var number
                ? NetnsSockets.Read(NetNamespace.NamedPath(spec.NodeNamespace(number))) : null,
        };
    }

    private static bool IsGood(IReadOnlyList<(ReachExplanation Explanation, ProbeFinding? Probe)> all) =>
        all.All(one => one.Explanation.Verdict == ReachVerdict.Reachable && one.Probe?.Agrees != false);

    private static void Print(IReadOnlyList<(ReachExplanation Explanation, ProbeFinding? Probe)> all, IReadOnlyList<Finding> findings, string format, Output output)
    {
        if (format == "table")
        {
            foreach (var line in ReachText.Lines(all, findings))
            {
                line.Print(output);
            }

            return;
        }

        var document = new ReachDocument
        {
            Reachable = IsGood(all),
            Connections = [.. all.Select(one => ReachDocument.Of(one.Explanation, one.Probe))],
            Findings = [.. findings.Select(ReachDocument.Of)],
        };
        var json = JsonSerializer.SerializeToNode(document, ReachJson.Default.ReachDocument);
        Output.Raw(format == "json" ? JsonSerializer.Serialize(document, ReachJson.Default.ReachDocument) + "\n" : string.Concat(YamlWriter.Lines(json).Select(line => line + "\n")));
    }
}
