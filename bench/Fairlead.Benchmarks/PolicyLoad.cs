using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;

namespace Fairlead.Benchmarks;

/// <summary>Pods and policies by number, as rows: 100 namespaces, each with its share of both, over 100 nodes; every pod is selected by its share of policies.</summary>
internal static class PolicyLoad
{
    /// <summary>The node it is measured on: a hundredth of the pods are its own.</summary>
    public const string Node = "n0";

    /// <summary>How many namespaces, and how many nodes.</summary>
    public const int Hundred = 100;

    private const int Apps = 10;

    /// <summary>Tables that hold so many of each, as listed from an API server.</summary>
    public static ClusterTables Tables(int policies, int pods)
    {
        var tables = new ClusterTables();
        tables.Nodes.Replace([.. Enumerable.Range(0, Hundred).Select(i => KeyValuePair.Create($"n{i}", NodeRow(i)))]);
        tables.Namespaces.Replace([.. Enumerable.Range(0, Hundred).Select(i => KeyValuePair.Create(Space(i), NamespaceRow(i, i % Apps)))]);
        tables.Pods.Replace([.. Enumerable.Range(0, pods).Select(i => KeyValuePair.Create(Key(i), Pod(i)))]);
        tables.Policies.Replace([.. Enumerable.Range(0, policies).Select(i => KeyValuePair.Create(PolicyKey(i), Policy(i)))]);
        tables.ClusterPolicies.Replace([.. Enumerable.Range(0, 10).Select(i => KeyValuePair.Create($"c{i}", ClusterPolicy(i)))]);
        tables.Services.MarkInitialized();
        return tables;
    }

    /// <summary>What is plugged on the node: its pods.</summary>
    public static NodeTables Attachments(int pods)
    {
        var node = new NodeTables();
        node.Attachments.Replace([.. Enumerable.Range(0, pods).Where(i => NodeOf(i) == 0).Select(i => KeyValuePair.Create($"p{i}/eth0", new AttachmentRow
        {
            ContainerId = $"p{i}",
            IfName = "eth0",
            Pod = Key(i),
            IPs = [Address(i)],
            HostInterface = $"fl{i}",
        }))]);
        return node;
    }

    /// <summary>Name of a pod: the namespaces take turns.</summary>
    public static ObjectKey Key(int i) => new(Space(i % Hundred), $"p{i}");

    /// <summary>A pod.</summary>
    /// <param name="i">Which.</param>
    /// <param name="app">Label app, if another than its own.</param>
    public static PodRow Pod(int i, int? app = null) => new()
    {
        Key = Key(i),
        Labels = Labels.From([new("app", $"a{app ?? AppOf(i)}"), new("tier", $"t{i % 3}")]),
        NodeName = $"n{NodeOf(i)}",
        IPs = [Address(i)],
        Ports = [new ContainerPort("web", IpProtocol.Tcp, 8080, 0, default)],
    };

    /// <summary>The i-th pod of the node.</summary>
    public static int Local(int i) => Enumerable.Range(0, int.MaxValue).Where(pod => NodeOf(pod) == 0).ElementAt(i);

    /// <summary>A namespace of a team.</summary>
    public static NamespaceRow NamespaceRow(int i, int team) =>
        new(Space(i), Labels.From([new("kubernetes.io/metadata.name", Space(i)), new("team", $"t{team}")]));

    /// <summary>Name of a namespace.</summary>
    public static string Space(int i) => $"s{i}";

    /// <summary>Name of a policy: the namespaces take turns.</summary>
    public static ObjectKey PolicyKey(int i) => new(Space(i % Hundred), $"np{i}");

    /// <summary>A policy about one app: from a neighbour, from a team's, by a named port, from a block; to a neighbour, to databases anywhere, to a block.</summary>
    /// <param name="i">Which.</param>
    /// <param name="port">The port of its first rule.</param>
    public static PolicyRow Policy(int i, ushort port = 8080)
    {
        var app = i / Hundred % Apps;
        return new PolicyRow
        {
            Key = PolicyKey(i),
            Subjects = Select("app", $"a{app}"),
            IsolatesIngress = true,
            IsolatesEgress = true,
            Ingress =
            [
                new PolicyRule([new PolicyPeer(null, Select("app", $"a{(app + 1) % Apps}"), null)], [new PolicyPort(IpProtocol.Tcp, port, port, "")]),
                new PolicyRule([new PolicyPeer(Select("team", $"t{i % 7}"), Select("app", $"a{(app + 2) % Apps}"), null)], [new PolicyPort(IpProtocol.Tcp, 0, 0, "web")]),
                new PolicyRule([new PolicyPeer(null, null, new IpBlock(IpNet.Parse("10.0.0.0/8"), [IpNet.Parse($"10.{i % 250}.0.0/16")]))], default),
            ],
            Egress =
            [
                new PolicyRule([new PolicyPeer(null, Select("app", $"a{(app + 9) % Apps}"), null)], [new PolicyPort(IpProtocol.Tcp, 0, 0, "web")]),
                new PolicyRule([new PolicyPeer(LabelSelector.Everything, Select("app", $"a{i % Apps}"), null)], [new PolicyPort(IpProtocol.Tcp, 5432, 5432, "")]),
                new PolicyRule([new PolicyPeer(null, null, new IpBlock(IpNet.Parse("192.0.2.0/24"), default))], [new PolicyPort(IpProtocol.Udp, 53, 53, "")]),
            ],
        };
    }

    /// <summary>Address of a pod.</summary>
    public static IpAddr Address(int i) => RangeOf(NodeOf(i)).At((UInt128)(2 + (i / Hundred)));

    private static ClusterPolicyRow ClusterPolicy(int i) => new()
    {
        Name = $"c{i}",
        Tier = i < 8 ? PolicyTier.Admin : PolicyTier.Baseline,
        Priority = i,
        Ingress =
        [
            new ClusterPolicyRule("", PolicyAction.Deny, [new PolicyPeer(Select("team", $"t{i}"), Select("tier", "t2"), null)], [new PolicyPort(IpProtocol.Tcp, 22, 22, "")]),
            new ClusterPolicyRule("", PolicyAction.Pass, [new PolicyPeer(LabelSelector.Everything, Select("tier", $"t{i % 3}"), null)], default),
        ],
    };

    private static NodeRow NodeRow(int i) => new()
    {
        Name = $"n{i}",
        InternalIPs = [IpAddr.FromValue(IpFamily.V4, IpAddr.Parse("172.30.0.1").Value + (uint)i)],
        PodCIDRs = [RangeOf(i)],
    };

    // A row of pods of consecutive numbers, one in each namespace, lies on all nodes; the next one is shifted.
    private static int NodeOf(int i) => ((i % Hundred) + (i / Hundred * 7)) % Hundred;

    private static int AppOf(int i) => i / Hundred % Apps;

    private static IpNet RangeOf(int node) => new(IpAddr.FromValue(IpFamily.V4, IpAddr.Parse("10.128.0.0").Value + (uint)(node << 10)), 22);

    private static LabelSelector Select(string key, string value) => new([new LabelRequirement(key, LabelOperator.In, [value])]);
}
