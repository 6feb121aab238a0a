using Fairlead.Linux.Addresses;
using Fairlead.Nftables;
using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Memory;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Text;
using Fairlead.Nftables.Transactions;
using Fairlead.Nftables.Values;

namespace Fairlead.Tests.Nftables;

public sealed class TransactionTests
{
    private static readonly Table Own = new("fairlead-test");
    private static readonly Set Numbers = new("numbers", [FieldType.Mark]);
    private static readonly Map Ports = new("ports", [FieldType.InetService], [FieldType.IPv4Address, FieldType.InetService]);
    private static readonly Chain Plain = new("plain");
    private static readonly Rule Drops = new("plain", [Verdict.Drop]);
    private static readonly Elements One = new(Numbers, new Element(Datum.Of(1u)));

    private static readonly Dictionary<string, NftObject> Objects = new()
    {
        ["table"] = Own,
        ["chain"] = Plain,
        ["set"] = Numbers,
        ["map"] = Ports,
        ["rule"] = Drops,
        ["elements"] = One,
    };

    /// <summary>What each verb does to each object that is there, and to one that is not: ok, an error of the commit, or not allowed at all.</summary>
    private static readonly string[] Expectations =
    [
        //        verb    object    there    not there
        "add     table     ok       ok",
        "add     chain     ok       ok",
        "add     set       ok       ok",
        "add     map       ok       ok",
        "add     rule      ok       ok",
        "add     elements  ok       ok",
        "create  table     exists   ok",
        "create  chain     exists   ok",
        "create  set       exists   ok",
        "create  map       exists   ok",
        "create  rule      refused  refused",
        "create  elements  exists   ok",
        "insert  table     refused  refused",
        "insert  chain     refused  refused",
        "insert  set       refused  refused",
        "insert  map       refused  refused",
        "insert  rule      ok       ok",
        "insert  elements  refused  refused",
        "delete  table     ok       missing",
        "delete  chain     ok       missing",
        "delete  set       ok       missing",
        "delete  map       ok       missing",
        "delete  rule      refused  refused",
        "delete  elements  ok       missing",
        "destroy table     ok       ok",
        "destroy chain     ok       ok",
        "destroy set       ok       ok",
        "destroy map       ok       ok",
        "destroy rule      refused  refused",
        "destroy elements  refused  refused",
        "flush   table     ok       missing",
        "flush   chain     ok       missing",
        "flush   set       ok       missing",
        "flush   map       ok       missing",
        "flush   rule      refused  refused",
        "flush   elements  refused  refused",
    ];

    [Fact]
    public async Task Every_object_answers_every_verb()
    {
        var seen = new HashSet<(string, Verb)>();
        foreach (var line in Expectations)
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var verb = Enum.Parse<Verb>(words[0], ignoreCase: true);
            seen.Add((words[1], verb));
            Assert.Equal((line, words[2]), (line, await Try(verb, words[1], there: true)));
            Assert.Equal((line, words[3]), (line, await Try(verb, words[1], there: false)));
        }

        Assert.Equal(Objects.Count * Enum.GetValues<Verb>().Length, seen.Count);
    }

    [Fact]
    public async Task A_failed_transaction_changes_nothing()
    {
        var nft = new MemoryNft();
        await nft.CommitAsync(new Transaction(Own).Add(Own).Add(Numbers), default);
        var before = RulesetText.Render(nft.Tables[Own.Name]);
        var tx = new Transaction(Own).Add(One).Add(Plain).Delete(new Chain("absent"));
        var error = await Assert.ThrowsAsync<NftException>(() => nft.CommitAsync(tx, default));
        Assert.True(error.IsNotFound);
        Assert.Contains("delete chain absent", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, RulesetText.Render(nft.Tables[Own.Name]));
    }

    [Theory]
    [InlineData("nat")]
    [InlineData("filter")]
    [InlineData("kube-proxy")]
    public async Task A_strangers_table_is_refused(string name)
    {
        var table = new Table(name);
        var tx = new Transaction(table).Destroy(table);
        Assert.NotNull(tx.Error);
        await Assert.ThrowsAsync<NftException>(() => new MemoryNft().CommitAsync(tx, default));
    }

    [Fact]
    public void The_first_error_is_kept_and_names_the_object()
    {
        var tx = new Transaction(Own)
            .Add(new Elements(Ports, new Element(Datum.Of((ushort)80))))
            .Add(new Chain("9lives"));
        Assert.StartsWith("elements of map ports", tx.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_rule_needs_the_chains_and_sets_it_names()
    {
        var nft = new MemoryNft();
        await nft.CommitAsync(new Transaction(Own).Add(Own).Add(Plain).Add(Ports), default);
        await Fails(new Rule("plain", [Verdict.Jump("absent")]), "chain absent does not exist");
        await Fails(new Rule("plain", [new InSet(Payload.IpSaddr, "absent")]), "set or map absent does not exist");
        await Fails(new Rule("plain", [new InSet(Payload.ThDport, "ports")]), "map ports is not a set");
        await Fails(new Rule("plain", [Nat.Dnat(IpFamily.V4, Payload.IpSaddr, "ports")]), "map ports has keys of another length");

        async Task Fails(Rule rule, string reason)
        {
            var error = await Assert.ThrowsAsync<NftException>(() => nft.CommitAsync(new Transaction(Own).Add(rule), default));
            Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task What_is_referred_to_is_not_deleted()
    {
        var nft = new MemoryNft();
        var verdicts = Map.OfVerdicts("verdicts", [FieldType.Mark]);
        await nft.CommitAsync(
            new Transaction(Own).Add(Own).Add(Plain).Add(new Chain("goal")).Add(verdicts)
                .Add(new Elements(verdicts, Element.Of(Datum.Of(1u), Verdict.Goto("goal"))))
                .Add(new Rule("plain", [new VerdictMap(Meta.Mark, "verdicts")])),
            default);
        var chain = await Assert.ThrowsAsync<NftException>(() => nft.CommitAsync(new Transaction(Own).Delete(new Chain("goal")), default));
        var map = await Assert.ThrowsAsync<NftException>(() => nft.CommitAsync(new Transaction(Own).Delete(verdicts), default));
        Assert.True(chain.IsBusy);
        Assert.True(map.IsBusy);
    }

    private static async Task<string> Try(Verb verb, string name, bool there)
    {
        var nft = new MemoryNft();
        var setup = new Transaction(Own);
        foreach (var item in Objects.Values.Where(item => there || (item != Objects[name] && !(item == Numbers && name == "elements" && there))))
        {
            // A rule or element would keep its chain or set in use, which is another test.
            if (name == "table" && !there)
            {
                break;
            }

            var needsMissing = (item is Rule && name == "chain") || (item is Elements && name == "set");
            _ = needsMissing && !there ? setup : setup.Add(item);
        }

        await nft.CommitAsync(setup, default);
        var tx = new Transaction(Own);
        var target = Objects[name];
        _ = verb switch
        {
            Verb.Add => tx.Add(target),
            Verb.Create => tx.Create(target),
            Verb.Insert => target is Rule rule ? tx.Insert(rule) : null,
            Verb.Delete => tx.Delete(target),
            Verb.Destroy => tx.Destroy(target),
            _ => tx.Flush(target),
        };
        if (tx.Error is not null || tx.IsEmpty)
        {
            return "refused";
        }

        try
        {
            await nft.CommitAsync(tx, default);
            return "ok";
        }
        catch (NftException e)
        {
            return e.IsExists ? "exists" : e.IsNotFound ? "missing" : e.Message;
        }
    }
}
