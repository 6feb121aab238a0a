using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.Policy;
using Fairlead.State;
using static Fairlead.KernelTests.Policy.GridParts;

namespace Fairlead.KernelTests.Policy;

/// <summary>
/// The cases: every peer and every list of ports in both directions, whom policies are about, policies that contradict each other, what changes while they are
/// in force, odd ones, tiers of ClusterNetworkPolicies, and drawn ones by number, each the same whenever it is drawn.
/// </summary>
internal static class GridCases
{
    /// <summary>All of them.</summary>
    /// <param name="world">The cluster without policies.</param>
    /// <param name="drawn">How many are drawn.</param>
    /// <param name="every">Every pair of peers and ports; otherwise each peer and each list of ports with a few of the others.</param>
    public static IEnumerable<GridCase> All(PolicyWorld world, int drawn, bool every) =>
        [.. Rules(world, every), .. Targets(), .. Conflicts(), .. Actions(), .. Odd(), .. Tiers(world), .. Enumerable.Range(0, drawn).Select(seed => Drawn(world, seed))];

    private static IEnumerable<GridCase> Rules(PolicyWorld world, bool every) =>
        from ingress in new[] { true, false }
        from peer in Peers(world).Index()
        from ports in PortLists.Index()
        where every || ports.Index < 2 || peer.Index is 0 or 14
        select new GridCase(
            $"{(ingress ? "from" : "to")} {peer.Item.Name}, {ports.Item.Name}",
            With(Np("p", Subjects[0].Pods, ingress, Rule(peer.Item.Peers, ports.Item.Ports))));

    private static IEnumerable<GridCase> Targets() =>
        from ingress in new[] { true, false }
        from subject in Subjects
        from open in new[] { true, false }
        select new GridCase(
            $"about {subject.Name}, {(ingress ? "ingress" : "egress")} {(open ? "from pods b" : "closed")}",
            With(Np("p", subject.Pods, ingress, open ? [Rule([PodsBy("pod", "b")], AnyPort)] : [])));

    private static IEnumerable<GridCase> Conflicts()
    {
        foreach (var ingress in new[] { true, false })
        {
            var deny = Np("deny", LabelSelector.Everything, ingress);
            var all = Np("all", LabelSelector.Everything, ingress, Rule([], AnyPort));
            var some = Np("some", Subjects[0].Pods, ingress, Rule([Space("y")], Tcp80));
            var others = Np("others", Subjects[0].Pods, ingress, Rule([PodsBy("pod", "c")], AnyPort), Rule([Space("z")], [new PolicyPort(IpProtocol.Udp, 80, 80, "")]));
            yield return new GridCase($"deny all and allow all, ingress {ingress}", With(deny), With(all), Without("all"), Without("deny"));
            yield return new GridCase($"deny all and allow some, ingress {ingress}", With(deny), With(some), With(others), Without("some"));
            yield return new GridCase($"some and others about the same pod, ingress {ingress}", With(some), With(others), With(all));
            yield return new GridCase(
                $"the other direction closed, ingress {ingress}", With(some), With(Np("closed", LabelSelector.Everything, !ingress)), Without("closed"));
        }

        yield return new GridCase(
            "the server allows, the client may not", With(Np("in", Subjects[0].Pods, [Rule([], AnyPort)], null)),
            With(Np("out", Subjects[1].Pods, null, []) with { Key = new ObjectKey("y", "out") }));
        yield return new GridCase("everything closed in all namespaces", With(Np("p", LabelSelector.Everything, [], [])),
            With(Np("p", LabelSelector.Everything, [], [], "y")), With(Np("p", LabelSelector.Everything, [], [], "z")));
    }

    private static IEnumerable<GridCase> Actions()
    {
        foreach (var ingress in new[] { true, false })
        {
            var fromB = Np("p", Subjects[0].Pods, ingress, Rule([PodsBy("pod", "b")], AnyPort));
            var fromY = Np("p", Subjects[0].Pods, ingress, Rule([Space("y")], AnyPort));
            var fromBOfY = Np("p", Subjects[0].Pods, ingress, Rule([new(Select("name", LabelOperator.In, "y"), Select("pod", LabelOperator.In, "b"), null)], Tcp80));
            yield return new GridCase($"created, changed, deleted, ingress {ingress}", With(fromB), With(fromY), With(fromB), Without("p"));
            yield return new GridCase($"a peer pod's label goes and comes, ingress {ingress}", With(fromB), Label("x", "b"), Label("x", "b", ("pod", "b"), ("more", "1")));
            yield return new GridCase($"another pod gets the label, ingress {ingress}", With(fromB), Label("x", "c", ("pod", "b")), Label("x", "c", ("pod", "c")));
            yield return new GridCase($"a namespace's label goes and comes, ingress {ingress}", With(fromY), LabelSpace("y"), LabelSpace("y", ("name", "y")));
            yield return new GridCase($"another namespace gets the label, ingress {ingress}", With(fromBOfY), LabelSpace("z", ("name", "y")), LabelSpace("z", ("name", "z")));
            yield return new GridCase($"the subject's label goes and comes, ingress {ingress}", With(fromB), Label("x", "a"), Label("x", "a", ("pod", "a")));
            yield return new GridCase(
                $"closed, then open again, ingress {ingress}", With(Np("p", LabelSelector.Everything, ingress)), Without("p"), With(Np("p", LabelSelector.Everything, ingress)));
            yield return new GridCase(
                $"ports change, ingress {ingress}", With(Np("p", Subjects[1].Pods, ingress, Rule([], Tcp80))),
                With(Np("p", Subjects[1].Pods, ingress, Rule([], [new(IpProtocol.Udp, 80, 81, "")]))), With(Np("p", Subjects[1].Pods, ingress, Rule([], AnyPort))));
        }
    }

    private static IEnumerable<GridCase> Odd()
    {
        PolicyPeer Block(string cidr, params string[] except) => new(null, null, new IpBlock(IpNet.Parse(cidr), except.Select(IpNet.Parse).ToValueArray()));
        var holes = Enumerable.Range(0, 4096).Select(i => $"10.{i / 256}.{i % 256}.0/24").ToArray();
        foreach (var ingress in new[] { true, false })
        {
            GridCase Of(string name, PolicyPeer[] peers, params PolicyPort[] ports) =>
                new($"{name}, ingress {ingress}", With(Np("p", LabelSelector.Everything, ingress, Rule(peers, ports))));
            yield return Of("thousands of exceptions", [Block("0.0.0.0/0", holes)]);
            yield return Of("an exception outside of its block", [Block("10.244.1.0/28", "192.0.2.0/24", "10.244.1.4/32")]);
            yield return Of("an exception as large as its block, and larger", [Block("10.244.1.0/28", "10.244.1.0/28"), Block("10.244.1.4/32", "10.0.0.0/8")]);
            yield return Of("exceptions of the other family", [Block("0.0.0.0/0", "::/0"), Block("::/0", "0.0.0.0/0")]);
            yield return Of("blocks one in the other", [Block("10.244.1.0/24", "10.244.1.0/29"), Block("10.244.1.4/31"), Block("10.244.0.0/16", "10.244.1.0/24")]);
            yield return Of("overlapping ports", [], new PolicyPort(IpProtocol.Tcp, 1, 80, ""), new PolicyPort(IpProtocol.Tcp, 80, 80, ""), new PolicyPort(IpProtocol.Tcp, 70, 79, ""));
            yield return Of("an end before the beginning", [], new PolicyPort(IpProtocol.Tcp, 81, 80, ""));
            yield return Of("an unknown protocol", [], new PolicyPort((IpProtocol)99, 80, 80, ""));
            yield return Of("the same twice", [Space("y"), Space("y")], Tcp80[0], Tcp80[0]);
        }

        yield return new GridCase("a policy about nothing", With(Np("p", LabelSelector.Everything, null, null)));
        yield return new GridCase("rules of a direction that is not isolated", With(Np("p", LabelSelector.Everything, null, null) with
        {
            Ingress = [Rule([Space("nowhere")], Tcp80)],
            Egress = [Rule([Space("nowhere")], Tcp80)],
        }));
    }

    private static IEnumerable<GridCase> Tiers(PolicyWorld world)
    {
        PolicyPeer[] anywhere = [new(LabelSelector.Everything, null, null)];
        var closed = Np("np", LabelSelector.Everything, [], []);
        foreach (var ingress in new[] { true, false })
        {
            ClusterPolicyRow Admin(string name, int priority, params ClusterPolicyRule[] rules) => Cnp(name, PolicyTier.Admin, priority, LabelSelector.Everything, ingress, rules);
            ClusterPolicyRow Baseline(string name, params ClusterPolicyRule[] rules) => Cnp(name, PolicyTier.Baseline, 0, LabelSelector.Everything, ingress, rules);
            var open = Np("np", Subjects[0].Pods, ingress, Rule([], AnyPort));
            var denyY = ClusterRule(PolicyAction.Deny, [Space("y")]);
            var denyAll = ClusterRule(PolicyAction.Deny, anywhere);
            foreach (var action in Enum.GetValues<PolicyAction>())
            {
                var ofY = ClusterRule(action, [Space("y")], Tcp80);
                yield return new GridCase($"{action} y before a policy that closes, ingress {ingress}", With(Admin("a", 1, ofY)), With(closed), Without("np"));
                yield return new GridCase($"{action} y before a policy that opens, ingress {ingress}", With(open), With(Admin("a", 1, ofY, denyY)), Without("a"));
                yield return new GridCase($"{action} y before deny, ingress {ingress}", With(Admin("a", 1, ofY)), With(Admin("b", 2, denyAll)), With(Admin("c", 0, denyAll)), Without("c"));
                yield return new GridCase($"{action} y in the baseline, ingress {ingress}", With(Baseline("b", ofY, denyAll)), With(open), With(Admin("a", 1, ClusterRule(PolicyAction.Pass, anywhere), denyAll)));
            }

            foreach (var (name, ports) in PortLists)
            {
                yield return new GridCase($"deny {name}, ingress {ingress}", With(Admin("a", 1, ClusterRule(PolicyAction.Deny, anywhere, ports))));
                yield return new GridCase($"accept {name} and no more, ingress {ingress}", With(Baseline("a", ClusterRule(PolicyAction.Accept, anywhere, ports), denyAll)));
            }

            foreach (var (name, peers) in Peers(world).Where(item => !item.Peers.Any(peer => peer is { Namespaces: null, Block: null })))
            {
                yield return new GridCase($"deny {name}, ingress {ingress}", With(Admin("a", 1, ClusterRule(PolicyAction.Deny, peers))));
            }

            yield return new GridCase($"a rule of nobody, ingress {ingress}", With(Admin("a", 1, ClusterRule(PolicyAction.Deny, []), ClusterRule(PolicyAction.Accept, []))));
            yield return new GridCase(
                $"a node, ingress {ingress}", With(Admin("a", 1, ClusterRule(PolicyAction.Deny, [new(null, null, null, LabelSelector.Everything)]))));
            yield return new GridCase(
                $"denied members come and go, ingress {ingress}", With(Admin("a", 1, ClusterRule(PolicyAction.Deny, [new(LabelSelector.Everything, Select("bad", LabelOperator.Exists), null)]))),
                Label("y", "b", ("pod", "b"), ("bad", "1")), Label("z", "c", ("bad", "1")), Label("y", "b", ("pod", "b")));
            yield return new GridCase(
                $"a namespace becomes a subject, ingress {ingress}", With(Cnp("a", PolicyTier.Admin, 1, Select("guarded", LabelOperator.Exists), ingress, denyAll)),
                LabelSpace("y", ("name", "y"), ("guarded", "1")), LabelSpace("y", ("name", "y")));
        }
    }

    private static GridCase Drawn(PolicyWorld world, int seed)
    {
#pragma warning disable CA5394 // the same case each time is what is wanted
        var random = new Random(seed);
        T One<T>(IReadOnlyList<T> items) => items[random.Next(items.Count)];
        PolicyRule AnyRule() => Rule(One(Peers(world)).Peers, One(PortLists).Ports);
        PolicyRule[]? Side() => random.Next(3) == 0 ? null : [.. Enumerable.Range(0, random.Next(3)).Select(_ => AnyRule())];
        ClusterPolicyRule AnyClusterRule() => ClusterRule(
            One(Enum.GetValues<PolicyAction>()), [.. One(Peers(world)).Peers, .. One(Peers(world)).Peers], One(PortLists).Ports);
        Func<PolicyWorld, PolicyWorld> Step(int i) => random.Next(8) switch
        {
            0 or 1 or 2 => With(Np($"p{i % 3}", One(Subjects).Pods, Side(), Side(), One(["x", "y", "z"]))),
            3 or 4 => With(Cnp(
                $"c{i % 3}", One(Enum.GetValues<PolicyTier>()), random.Next(3), random.Next(2) == 0 ? LabelSelector.Everything : Select("name", LabelOperator.In, One(["x", "y", "z"])),
                random.Next(2) == 0, [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => AnyClusterRule())])),
            5 => Label(One(["x", "y", "z"]), One(["a", "b", "c"]), ("pod", One(["a", "b", "c", "d"]))),
            6 => LabelSpace(One(["x", "y", "z"]), ("name", One(["x", "y", "z", "w"]))),
            _ => Without(One(["p0", "p1", "p2", "c0", "c1", "c2"])),
        };
        return new GridCase($"drawn {seed}", [.. Enumerable.Range(0, 4).Select(Step)]);
#pragma warning restore CA5394
    }
}
