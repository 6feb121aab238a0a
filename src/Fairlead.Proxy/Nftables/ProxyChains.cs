using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Transactions;
using Fairlead.Nftables.Values;

namespace Fairlead.Proxy.Nftables;

/// <summary>The chains and rules, whose number depends on nothing but the options and the endpoint counts in use. In the order a packet meets them.</summary>
internal static class ProxyChains
{
    private const string Inside = "inside";
    private const string Outside = "outside";
    private const string Firewall = "firewall";
    private const string Refuse = "refuse";
    private const string Refused = "refused";

    /// <summary>
    /// Source ranges are looked at before destinations are translated, and what has no endpoints is refused before others translate it: a pod's host port
    /// is no stand-in for a Service's node port.
    /// </summary>
    private const int FirewallPriority = Priority.Dstnat - 10;

    /// <summary>A nat chain cannot refuse; what it left untranslated is refused right after it.</summary>
    private const int RefusePriority = Priority.Dstnat + 10;

    /// <summary>The table, its sets and maps, and every chain that is always there.</summary>
    public static void AddSkeleton(Transaction tx, ProxySchema schema)
    {
        tx.Add(ProxySchema.Table);
        foreach (var container in schema.Containers)
        {
            tx.Add(container);
        }

        foreach (var name in new[] { Firewall, Inside, Outside, Refuse, Refused })
        {
            tx.Add(new Chain(name));
        }

        AddUntracked(tx, schema);
        AddFirewall(tx, schema);
        AddTranslation(tx, schema);
        AddRefusal(tx, schema);
        AddForward(tx, schema);
        AddMasquerade(tx, schema);
    }

    /// <summary>The chain that balances so, for both families.</summary>
    public static void AddBalancing(Transaction tx, ProxySchema schema, BalanceCode code, bool local)
    {
        var name = code.Chain(local);
        tx.Add(new Chain(name));
        var random = new SetMeta(MetaKey.Priority, new Loaded(new NumgenSelector((uint)code.Count)));
        if (code.AffinitySeconds == 0)
        {
            tx.Add(new Rule(name, [random]));
            foreach (var family in schema.Families)
            {
                tx.Add(new Rule(name, [Nat.Dnat(family.Family, family.FrontendSlot, ScopeOf(family, local).Endpoints.Name)]));
            }
        }
        else
        {
            AddSticky(tx, schema, code, local, random);
        }

        // A commit between the two lookups can empty the slot: the sender tries again. Refusing or falling through would be an answer, and a wrong one.
        tx.Add(new Rule(name, [new Counter(), Verdict.Drop]) { Comment = "no such slot" });
    }

    /// <summary>The element that leads to <see cref="AddBalancing"/>'s chain.</summary>
    public static Placed LeadTo(ProxySchema schema, bool local, BalanceCode code) =>
        new(schema.BalanceOf(local), Element.Of(code.Datum, Verdict.Goto(code.Chain(local))));

    public static ScopeSchema ScopeOf(FamilySchema family, bool local) => local ? family.Local : family.Inside;

    /// <summary>
    /// The destination in the header makes room for the Service port's group: what was in it the connection still knows, and translation writes it anew.
    /// No packet leaves this chain otherwise.
    /// </summary>
    private static void AddSticky(Transaction tx, ProxySchema schema, BalanceCode code, bool local, SetMeta random)
    {
        var name = code.Chain(local);
        var timeout = TimeSpan.FromSeconds(code.AffinitySeconds);
        foreach (var family in schema.Families)
        {
            var clients = family.Clients.Name;
            tx.Add(new Rule(name,
            [
                new SetAddress(family.Daddr, new FromMap(family.Frontend, family.StickyGroups.Name)),
                new SetMeta(MetaKey.Priority, new FromMap(family.Client, clients)),
                new UpdateSet(UpdateOp.Update, clients, family.Client, timeout, Meta.Priority),
                Nat.Dnat(family.Family, family.OriginalFrontendSlot, ScopeOf(family, local).StickyEndpoints.Name),
            ])
            { Comment = "a client we know" });

            // Only for a client that was found: a connection of an unknown one on another processor may just be remembering its choice.
            tx.Add(new Rule(name,
            [
                new Match(Meta.Priority, true, new Exact(code.Datum)), new UpdateSet(UpdateOp.Delete, clients, family.Client, null, Meta.Priority),
            ])
            { Comment = "its endpoint is gone" });
        }

        tx.Add(new Rule(name, [random]));
        foreach (var family in schema.Families)
        {
            var scope = ScopeOf(family, local);
            tx.Add(new Rule(name,
            [
                new SetMeta(MetaKey.Priority, new FromMap(family.OriginalFrontendSlot, scope.StickySlots.Name)),
                new UpdateSet(UpdateOp.Add, family.Clients.Name, family.Client, timeout, Meta.Priority),

                // A connection of the same client on another processor may have been remembered first: its choice stands for both.
                new SetMeta(MetaKey.Priority, new FromMap(family.Client, family.Clients.Name)),
                Nat.Dnat(family.Family, family.OriginalFrontendSlot, scope.StickyEndpoints.Name),
            ]));

            // Nothing stands there as the zero address: the match is there to count packets of this family alone.
            tx.Add(new Rule(name,
            [
                Match.NotIn(family.Daddr, IpNet.Single(IpAddr.FromValue(family.Family, 0))), new Counter(),
                Nat.Dnat(family.Family, family.OriginalFrontendSlot, scope.StickyEndpoints.Name),
            ])
            { Comment = "no room to remember the client" });
        }
    }

    /// <summary>
    /// What the node itself answers needs no memory of connections: a query costs no entry of conntrack's table, and a full one no query. Queries come in from
    /// pods and go out from the node; answers only go out, and what comes back in by <c>lo</c> is untracked already.
    /// </summary>
    private static void AddUntracked(Transaction tx, ProxySchema schema)
    {
        tx.Add(new Chain("raw-prerouting", new BaseChain(ChainType.Filter, Hook.Prerouting, Priority.Raw)));
        tx.Add(new Chain("raw-output", new BaseChain(ChainType.Filter, Hook.Output, Priority.Raw)));
        foreach (var family in schema.Families)
        {
            tx.Add(new Rule("raw-prerouting", [new InSet(family.Frontend, family.Untracked.Name), new Notrack()]));
            tx.Add(new Rule("raw-output", [new InSet(family.Frontend, family.Untracked.Name), new Notrack()]));
            tx.Add(new Rule("raw-output", [new InSet(family.Answerer, family.Untracked.Name), new Notrack()]));
        }
    }

    private static void AddFirewall(Transaction tx, ProxySchema schema)
    {
        foreach (var family in schema.Families)
        {
            tx.Add(new Rule(Firewall,
            [
                new InSet(family.Frontend, family.Restricted.Name), new InSet(family.FrontendSource, family.Sources.Name, Not: true), new Counter(), Verdict.Drop,
            ])
            { Comment = "loadBalancerSourceRanges" });
        }

        foreach (var family in schema.Families)
        {
            // Cluster addresses come later: outside nobody gets an answer from them, not even this one.
            tx.Add(new Rule(Firewall, [new InSet(family.Frontend, family.Refused.Name), new InSet(family.Daddr, family.ClusterIPs.Name, Not: true), Verdict.Goto(Refused)])
            {
                Comment = "no endpoints",
            });
        }

        AddHook(tx, "firewall-prerouting", Hook.Prerouting, FirewallPriority, Firewall);
        AddHook(tx, "firewall-output", Hook.Output, FirewallPriority, Firewall);
    }

    private static void AddTranslation(Transaction tx, ProxySchema schema)
    {
        foreach (var family in schema.Families)
        {
            tx.Add(new Rule(Inside, [new InSet(family.Frontend, family.Unserved.Name), new Counter(), Verdict.Drop]) { Comment = "no endpoint on this node" });
            tx.Add(new Rule(Inside, Balance(schema, family, local: false)));
            tx.Add(new Rule(Outside, OfClusterIP(schema, family)));
            tx.Add(new Rule(Outside, [new InSet(family.Frontend, family.ExternalUnserved.Name), new Counter(), Verdict.Drop])
            {
                Comment = "no endpoint on this node",
            });
            tx.Add(new Rule(Outside, Balance(schema, family, local: true)));
            tx.Add(new Rule(Outside, [new InSet(family.Frontend, family.External.Name), Marked(schema), .. Balance(schema, family, local: false)]));
        }

        tx.Add(new Chain("nat-prerouting", new BaseChain(ChainType.Nat, Hook.Prerouting, Priority.Dstnat)));
        foreach (var family in schema.Families)
        {
            tx.Add(new Rule("nat-prerouting", [new InSet(family.Saddr, family.OwnPods.Name), Verdict.Goto(Inside)]));
        }

        tx.Add(new Rule("nat-prerouting", [Verdict.Goto(Outside)]));
        tx.Add(new Chain("nat-output", new BaseChain(ChainType.Nat, Hook.Output, Priority.Dstnat)));
        tx.Add(new Rule("nat-output", [Verdict.Goto(Inside)]));
    }

    private static Seq<Statement> OfClusterIP(ProxySchema schema, FamilySchema family) => schema.Options.ClusterIpFromOutside
        ? [new InSet(family.Daddr, family.ClusterIPs.Name), Marked(schema), .. Balance(schema, family, local: false)]
        : [new InSet(family.Daddr, family.ClusterIPs.Name), new Counter(), Verdict.Drop];

    private static Seq<Statement> Balance(ProxySchema schema, FamilySchema family, bool local) =>
    [
        new SetMeta(MetaKey.Priority, new FromMap(family.Frontend, ScopeOf(family, local).Services.Name)),
        new VerdictMap(Meta.Priority, schema.BalanceOf(local).Name),
    ];

    private static SetMeta Marked(ProxySchema schema) => SetMeta.MarkBits(schema.Options.MasqueradeBit, schema.Options.MasqueradeBit);

    private static void AddRefusal(Transaction tx, ProxySchema schema)
    {
        // The cluster's DNS address is one of the node's own: what nobody serves there its kernel refuses by itself.
        tx.Add(new Rule(Refuse, [Match.Is(Fib.DaddrType, (uint)FibAddressType.Local), Verdict.Return]));
        foreach (var family in schema.Families)
        {
            tx.Add(new Rule(Refuse, [new InSet(family.Daddr, family.ClusterIPs.Name), Verdict.Goto(Refused)]) { Comment = "no endpoints or no such port" });
            tx.Add(new Rule(Refuse, [new InSet(family.Daddr, family.BalancerIPs.Name), Verdict.Goto(Refused)]) { Comment = "no such port" });
            tx.Add(new Rule(Refuse, [new InSet(family.Daddr, family.ServiceRanges.Name), new Counter(), Verdict.Drop]) { Comment = "no such Service" });
        }

        tx.Add(new Rule(Refused, [Match.Is(Meta.L4Proto, IpProtocol.Tcp), new Reject(RejectKind.TcpReset)]));
        tx.Add(new Rule(Refused, [new Reject(RejectKind.PortUnreachable)]));
        AddHook(tx, "refuse-prerouting", Hook.Prerouting, RefusePriority, Refuse);
        AddHook(tx, "refuse-output", Hook.Output, RefusePriority, Refuse);
    }

    private static void AddHook(Transaction tx, string name, Hook hook, int priority, string target)
    {
        tx.Add(new Chain(name, new BaseChain(ChainType.Filter, hook, priority)));
        tx.Add(new Rule(name, [Match.State(CtState.New), Verdict.Goto(target)]));
    }

    /// <summary>
    /// A late or doubled segment that conntrack cannot place would reach the client untranslated, with the endpoint's address, and make it reset a healthy
    /// connection (kubernetes.io/blog/2019/03/29).
    /// </summary>
    private static void AddForward(Transaction tx, ProxySchema schema)
    {
        tx.Add(new Chain("forward", new BaseChain(ChainType.Filter, Hook.Forward, Priority.Filter)));
        foreach (var family in schema.Families)
        {
            foreach (var side in new[] { family.Saddr, family.Daddr })
            {
                tx.Add(new Rule("forward", [Match.State(CtState.Invalid), new InSet(side, family.OwnPods.Name), new Counter(), Verdict.Drop]));
            }
        }
    }

    private static void AddMasquerade(Transaction tx, ProxySchema schema)
    {
        var bit = schema.Options.MasqueradeBit;
        tx.Add(new Chain("postrouting", new BaseChain(ChainType.Nat, Hook.Postrouting, Priority.Srcnat)));
        tx.Add(new Rule("postrouting", [Match.Status(CtStatus.Dnat), new SetMeta(MetaKey.Priority, new Constant(Datum.Of(0u)))]) { Comment = "our scratch pad" });
        tx.Add(new Rule("postrouting", [Match.Bits(Meta.Mark, bit, bit), SetMeta.MarkBits(bit, 0), new Masquerade()]));
        foreach (var family in schema.Families)
        {
            tx.Add(new Rule("postrouting",
            [
                Match.Status(CtStatus.Dnat), new InSet(Selector.Of(family.Saddr, family.Daddr), family.Hairpins.Name), new Masquerade(),
            ])
            { Comment = "a pod that meets itself" });
        }
    }
}
