using CsCheck;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Memory;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Rulesets;
using Fairlead.Nftables.Text;
using Fairlead.Nftables.Transactions;
using Fairlead.Nftables.Values;
using Fairlead.Proxy;
using Fairlead.Proxy.Compile;
using Fairlead.Proxy.Frontends;
using Fairlead.Proxy.Nftables;
using Fairlead.State;

namespace Fairlead.Tests.Proxy;

/// <summary>Rows may come in any order, squashed or one by one: the plan is the same, and so is what the kernel holds, but for which slot an endpoint has.</summary>
public sealed partial class ProxyOrderTests
{
    private static readonly ProxyOptions Options = new() { NodeName = "n1", ExternalIPRanges = [IpNet.Parse("172.30.255.0/24")] };
    private static readonly NodeView Node = new("n1", "a", [Ip("172.30.0.11")], [IpNet.Parse("10.244.0.0/24")]);
    private static readonly ObjectKey[] Names = [new("shop", "a"), new("shop", "b"), new("test", "a")];

    private static readonly Gen<ServiceRow?> Service = Gen.Select(Gen.Int[0, 2], Gen.Int[0, 5], Gen.Bool, Gen.Bool, Gen.Bool, Gen.Int[0, 1]).Select((name, shape, il, el, sticky, lb) =>
        shape == 0 ? null : new ServiceRow
        {
            Key = Names[name],
            Type = shape > 2 ? ServiceType.LoadBalancer : ServiceType.ClusterIP,
            ClusterIPs = [Ip($"10.96.0.{name + 1}")],
            InternalLocal = il,
            ExternalLocal = el,
            AffinitySeconds = sticky ? 100 : 0,

            // Two Services may claim one address: the kind decides, then the name.
            LoadBalancerIPs = [Ip($"172.30.255.{lb}")],
            ExternalIPs = sticky ? [Ip("172.30.255.0"), Ip("192.0.2.1")] : default,
            SourceRanges = shape == 4 ? [IpNet.Parse("172.30.0.0/24"), IpNet.Parse("10.0.0.0/8"), IpNet.Parse("10.1.0.0/16")] : default,
            Ports = shape % 2 == 0
                ? [new ServicePort("http", IpProtocol.Tcp, 80, (ushort)(30000 + name), "", "")]
                : [new ServicePort("http", IpProtocol.Tcp, 80, (ushort)(30000 + name), "", ""), new ServicePort("dns", IpProtocol.Udp, 53, 0, "", "")],
        });

    private static readonly Gen<EndpointSliceRow?> Slice = Gen.Select(Gen.Int[0, 2], Gen.Int[0, 1], Gen.Bool, Gen.Int[0, 9].HashSet[0, 4]).Select((service, number, there, ends) =>
        !there && ends.Count == 0 ? null : new EndpointSliceRow
        {
            Key = new ObjectKey(Names[service].Namespace, $"{Names[service].Name}-{number}"),
            Service = Names[service],
            Ports = [new EndpointPort("http", IpProtocol.Tcp, 8080), new EndpointPort("dns", IpProtocol.Udp, 5353)],
            Endpoints = ends.Select(end => new SliceEndpoint
            {
                Address = Ip($"10.244.{end % 2}.{end}"),
                NodeName = end % 2 == 0 ? "n1" : "n2",
                Ready = end < 7,
                Serving = end < 9,
                Terminating = end >= 7,
            }).ToValueArray(),
        });

    private static readonly Gen<Event> Events = Gen.OneOf(
        Gen.Select(Gen.Int[0, 2], Service, (name, row) => new Event(row?.Key ?? Names[name], row, null, IsSlice: false)),
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 1], Slice, (name, number, row) =>
            new Event(row?.Key ?? new ObjectKey(Names[name].Namespace, $"{Names[name].Name}-{number}"), null, row, IsSlice: true)));

    private sealed record Event(ObjectKey Key, ServiceRow? Service, EndpointSliceRow? Slice, bool IsSlice);

    [Fact]
    public void Any_history_leads_to_the_same_plan_and_the_same_elements()
    {
        Gen.Select(Events.List[1, 40], Gen.Int[1, 6]).Sample((events, perCommit) =>
        {
            var stepwise = new Run();
            foreach (var chunk in events.Chunk(perCommit))
            {
                stepwise.Take(chunk);
            }

            var atOnce = new Run();
            atOnce.Take(stepwise.Rows());
            Assert.Equal(atOnce.Compiler.Plan.OrderBy(pair => pair.Key), stepwise.Compiler.Plan.OrderBy(pair => pair.Key));
            Assert.Equal(atOnce.Compiler.Warnings.OrderBy(pair => pair.Key), stepwise.Compiler.Warnings.OrderBy(pair => pair.Key));
            Assert.Equal(Normal(atOnce.Nft), Normal(stepwise.Nft));

            // A new agent that finds this table has nothing to do, but for chains that are left over.
            var next = new NftProxyCommitter(stepwise.Nft, Options);
            Done(next.ReconcileAsync(stepwise.Compiler.Plan, Node, default));
            Assert.Equal(Normal(atOnce.Nft), Normal(stepwise.Nft));
            Assert.False(Done(new NftProxyCommitter(stepwise.Nft, Options).ReconcileAsync(stepwise.Compiler.Plan, Node, default)));
        }, iter: 100);
    }

    /// <summary>As after an agent has been away for long: whatever the table holds, one reading and one commit make it right.</summary>
    [Fact]
    public void The_table_of_any_other_time_is_led_to_the_plan_of_now()
    {
        Gen.Select(Events.List[1, 20], Events.List[1, 20]).Sample((then, now) =>
        {
            var (past, present) = (new Run(), new Run());
            past.Take(then);
            present.Take(now);
            Done(new NftProxyCommitter(past.Nft, Options).ReconcileAsync(present.Compiler.Plan, Node, default));
            Assert.Equal(Normal(present.Nft), Normal(past.Nft));
        }, iter: 100);
    }

    [Fact]
    public async Task A_table_of_another_making_is_made_anew_in_one_commit()
    {
        var run = new Run();
        run.Take([]);
        var other = new MemoryNft();
        var table = new Table("fairlead-proxy");
        await other.CommitAsync(
            new Transaction(table).Add(table).Add(new Set("services4", [FieldType.Mark])).Add(new Chain("old"))
                .Add(new Rule("old", [new InSet(Meta.Mark, "services4")])),
            default);
        await new NftProxyCommitter(other, Options).ReconcileAsync(run.Compiler.Plan, Node, default);
        Assert.Equal(2, other.Commits);
        Assert.Equal(RulesetText.Render(run.Nft.Tables["fairlead-proxy"]), RulesetText.Render(other.Tables["fairlead-proxy"]));
    }

    /// <summary>Text of the table with slots by their endpoints instead of their numbers, and without chains nothing leads to.</summary>
    private static string Normal(MemoryNft nft)
    {
        var ruleset = nft.Tables["fairlead-proxy"];
        var schema = new ProxySchema(Options);
        var slots = new SlotReader(ruleset, schema);
        var text = new List<string>();
        foreach (var content in ruleset.Containers.Values)
        {
            if (content.Container.Name.Contains("endpoints", StringComparison.Ordinal) || content.Container.Name.Contains("sticky", StringComparison.Ordinal))
            {
                text.Add($"{content.Container.Name}: {content.Elements.Count}");
                continue;
            }

            text.AddRange(content.Elements.Values.Select(element => $"{content.Container.Name}: {RulesetText.Render(content.Container, element)}").Order());
        }

        foreach (var (name, count) in Balanced(ruleset, schema).OrderBy(pair => pair.Key.Key))
        {
            var found = slots.Of(name.Key, name.Local).Select(slot => slot.Endpoint).Order().ToList();
            Assert.Equal(count, found.Count);
            text.Add($"{name}: {string.Join(',', found)}");
        }

        text.AddRange(ruleset.Chains.Values.Where(chain => References.ToChain(ruleset, chain.Chain.Name) is not null || chain.Chain.Base is not null)
            .SelectMany(chain => chain.Rules).Select(rule => $"{rule.Chain}: {RulesetText.Render(rule)}"));
        return string.Join('\n', text);
    }

    private static Dictionary<(FrontendKey Key, bool Local), int> Balanced(Ruleset ruleset, ProxySchema schema)
    {
        var balanced = new Dictionary<(FrontendKey, bool), int>();
        foreach (var local in new[] { false, true })
        {
            foreach (var element in ruleset.Containers[ProxyChains.ScopeOf(schema.V4, local).Services.Name].Elements.Values)
            {
                var bytes = element.Key.Bytes;
                var key = new FrontendKey(IpAddr.FromBytes(bytes[..4]), (IpProtocol)bytes[4], (ushort)((bytes[8] << 8) | bytes[9]));
                balanced[(key, local)] = BalanceCode.Of(BitConverter.ToUInt32(element.Value.Bytes)).Count;
            }
        }

        return balanced;
    }

    private static IpAddr Ip(string text) => IpAddr.Parse(text);

    private static T Done<T>(Task<T> task) => task.IsCompletedSuccessfully ? task.Result : throw task.Exception!;

    private sealed class Run
    {
        private readonly Dictionary<ObjectKey, ServiceRow> _services = [];
        private readonly Dictionary<ObjectKey, EndpointSliceRow> _slices = [];
        private readonly NftProxyCommitter _committer;

        public Run() => _committer = new NftProxyCommitter(Nft, Options);

        public MemoryNft Nft { get; } = new();

        public ProxyCompiler Compiler { get; } = new(Options);

        public void Take(IEnumerable<Event> events)
        {
            var (services, slices) = (new Dictionary<ObjectKey, Change<ObjectKey, ServiceRow>>(), new Dictionary<ObjectKey, Change<ObjectKey, EndpointSliceRow>>());
            foreach (var item in events)
            {
                _ = item.IsSlice ? Change(_slices, slices, item.Key, item.Slice) : Change(_services, services, item.Key, item.Service);
            }

            var change = Compiler.Update([.. services.Values], [.. slices.Values], Node);
            if (!_committer.IsSynced)
            {
                Done(_committer.ReconcileAsync(Compiler.Plan, Node, default));
                return;
            }

            var commit = _committer.CommitAsync(change, Node, default);
            _ = commit.IsCompletedSuccessfully ? 0 : throw commit.Exception!;
        }

        public IEnumerable<Event> Rows() =>
        [
            .. _slices.Select(pair => new Event(pair.Key, null, pair.Value, IsSlice: true)),
            .. _services.Select(pair => new Event(pair.Key, pair.Value, null, IsSlice: false)),
        ];

        private static bool Change<T>(Dictionary<ObjectKey, T> rows, Dictionary<ObjectKey, Change<ObjectKey, T>> changes, ObjectKey key, T? now)
            where T : class
        {
            var old = changes.TryGetValue(key, out var earlier) ? earlier.Old : rows.GetValueOrDefault(key);
            changes[key] = new Change<ObjectKey, T>(key, old, now);
            if (now is null)
            {
                return rows.Remove(key);
            }

            rows[key] = now;
            return true;
        }
    }
}
