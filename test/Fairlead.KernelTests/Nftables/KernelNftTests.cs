using Fairlead.Linux.Addresses;
using Fairlead.Linux.Netlink;
using Fairlead.Nftables;
using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Kernel;
using Fairlead.Nftables.Memory;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Text;
using Fairlead.Nftables.Transactions;
using Fairlead.Nftables.Values;
using Fairlead.Testing;
using Fairlead.Testing.Nftables;

namespace Fairlead.KernelTests.Nftables;

public sealed class KernelNftTests : IDisposable
{
    private static readonly Table Own = new("fairlead-test");

    private readonly TestNetns _netns = new();
    private readonly KernelNft _nft;

    public KernelNftTests() => _nft = _netns.Run(KernelNft.Open);

    public void Dispose()
    {
        _nft.Dispose();
        _netns.Dispose();
    }

    [Fact]
    public async Task What_nft_lists_is_our_text_for_every_kind_of_object_and_expression()
    {
        var ours = await InMemory(EveryStatement.Make());
        await _nft.CommitAsync(EveryStatement.Make(), Deadline.Token());
        var listed = NftTool.Run(_netns, $"list table inet {EveryStatement.Own.Name}");
        Assert.Equal(RulesetNormal.Of(RulesetText.Render(ours)), RulesetNormal.Of(listed));
    }

    [Fact]
    public async Task What_is_read_back_is_what_was_committed()
    {
        var ours = await InMemory(EveryStatement.Make());
        await _nft.CommitAsync(EveryStatement.Make(), Deadline.Token());
        var read = await _nft.ReadAsync(EveryStatement.Own.Name, Deadline.Token());
        Assert.Equal(RulesetText.Render(ours), RulesetText.Render(read!));
        foreach (var (name, content) in ours.Containers)
        {
            Assert.Equal(content.Container, read!.Containers[name].Container);
            Assert.Equal(content.Elements.OrderBy(element => element.Key), read.Containers[name].Elements.OrderBy(element => element.Key));
        }

        foreach (var (name, content) in ours.Chains)
        {
            Assert.Equal(content.Chain, read!.Chains[name].Chain);
            Assert.Equal(content.Rules, read.Chains[name].Rules);
        }
    }

    [Fact]
    public async Task Nft_accepts_our_text()
    {
        var ours = await InMemory(EveryStatement.Make());
        NftTool.Run(_netns, "-f -", RulesetText.Render(ours));
        var listed = NftTool.Run(_netns, $"list table inet {EveryStatement.Own.Name}");

        // nft gives a map whose elements expire a size when the text has none; ours all have one.
        Assert.Equal(RulesetNormal.Of(RulesetText.Render(ours)), RulesetNormal.Of(listed));
    }

    [Fact]
    public async Task Fifty_thousand_elements_are_one_commit()
    {
        var map = new Map("map", [FieldType.IPv4Address, FieldType.InetService], [FieldType.IPv4Address, FieldType.InetService]);
        var elements = Enumerable.Range(0, 50_000)
            .Select(i => Element.Of(Datum.Of(Address(i), (ushort)80), Datum.Of(Address(i), (ushort)8080)))
            .ToList();
        await _nft.CommitAsync(new Transaction(Own).Add(Own).Add(map).Add(new Elements(map, elements)), Deadline.Token());
        var read = await _nft.ReadAsync(Own.Name, Deadline.Token());
        Assert.Equal(50_000, read!.Containers["map"].Elements.Count);

        // The last element exists, so nothing of the second batch may stay.
        var more = Enumerable.Range(60_000, 10_000).Select(i => Element.Of(Datum.Of(Address(i), (ushort)80), Datum.Of(Address(i), (ushort)80))).ToList();
        more.Add(Element.Of(Datum.Of(Address(7), (ushort)80), Datum.Of(Address(8), (ushort)80)));
        var error = await Assert.ThrowsAsync<NftException>(() => _nft.CommitAsync(new Transaction(Own).Add(new Elements(map, more)), Deadline.Token()));
        Assert.Contains("add elements of map map", error.Message, StringComparison.Ordinal);
        read = await _nft.ReadAsync(Own.Name, Deadline.Token());
        Assert.Equal(50_000, read!.Containers["map"].Elements.Count);
    }

    [Fact]
    public async Task An_element_moves_and_a_count_shrinks_in_one_commit()
    {
        var map = new Map("map", [FieldType.Mark], [FieldType.Mark]);
        Element At(uint key, uint value) => Element.Of(Datum.Of(key), Datum.Of(value));
        await _nft.CommitAsync(new Transaction(Own).Add(Own).Add(map).Add(new Elements(map, At(0, 10), At(1, 11), At(2, 12))), Deadline.Token());
        await _nft.CommitAsync(
            new Transaction(Own).Delete(new Elements(map, At(0, 10), At(2, 12))).Add(new Elements(map, At(0, 12))), Deadline.Token());
        var read = await _nft.ReadAsync(Own.Name, Deadline.Token());
        Assert.Equal([At(0, 12), At(1, 11)], read!.Containers["map"].Elements.Values.OrderBy(element => element.Key));
    }

    [Fact]
    public async Task The_error_names_the_object_and_the_kernels_reason()
    {
        await _nft.CommitAsync(new Transaction(Own).Add(Own).Add(new Chain("one")), Deadline.Token());
        var tx = new Transaction(Own).Add(new Chain("two")).Add(new Rule("one", [Verdict.Jump("absent")])).Add(new Chain("three"));
        var error = await Assert.ThrowsAsync<NftException>(() => _nft.CommitAsync(tx, Deadline.Token()));
        Assert.True(error.IsNotFound, error.Message);
        Assert.Equal(
            "add rule of chain one: ENOENT (the kernel has no such chain or set, or was built without what the rule needs: jump absent)", error.Message);
        var read = await _nft.ReadAsync(Own.Name, Deadline.Token());
        Assert.Equal(["one"], read!.Chains.Keys);
    }

    [Fact]
    public async Task Strangers_tables_stay_as_they_are()
    {
        const string Theirs = """
            table inet theirs {
              set s { type ipv4_addr; elements = { 1.1.1.1 }; }
              chain c {
                type filter hook input priority 0
                ip saddr @s drop
              }
            }
            table ip nat {
              chain p {
                type nat hook prerouting priority dstnat
                tcp dport 80 redirect to :8080
              }
            }

            """;
        NftTool.Run(_netns, "-f -", Theirs);
        var before = NftTool.Run(_netns, "list ruleset");
        await _nft.CommitAsync(EveryStatement.Make(), Deadline.Token());
        await _nft.CommitAsync(new Transaction(EveryStatement.Own).Flush(EveryStatement.Own).Destroy(EveryStatement.Own), Deadline.Token());
        Assert.Equal(before, NftTool.Run(_netns, "list ruleset"));
        await Assert.ThrowsAsync<NftException>(() => _nft.CommitAsync(new Transaction(new Table("theirs")).Delete(new Table("theirs")), Deadline.Token()));
        await Assert.ThrowsAsync<NftException>(() => _nft.ReadAsync("theirs", Deadline.Token()));
        Assert.Equal(before, NftTool.Run(_netns, "list ruleset"));
    }

    [Fact]
    public async Task Every_verb_does_to_the_kernel_what_it_does_in_memory()
    {
        var numbers = new Set("numbers", [FieldType.Mark]);
        Transaction[] steps =
        [
            new Transaction(Own).Create(Own).Create(numbers).Create(new Chain("one")).Create(new Elements(numbers, new Element(Datum.Of(1u)))),
            new Transaction(Own).Add(new Rule("one", [Verdict.Accept])).Insert(new Rule("one", [Verdict.Drop])),
            new Transaction(Own).Add(Own).Add(numbers).Add(new Chain("one")).Add(new Elements(numbers, new Element(Datum.Of(1u)), new Element(Datum.Of(2u)))),
            new Transaction(Own).Delete(new Elements(numbers, new Element(Datum.Of(1u)))),
            new Transaction(Own).Destroy(new Chain("absent")).Destroy(new Set("none", [FieldType.Mark])),
            new Transaction(Own).Flush(new Chain("one")).Flush(numbers),
            new Transaction(Own).Add(new Rule("one", [new InSet(Meta.Mark, "numbers")])).Flush(Own),
            new Transaction(Own).Delete(numbers).Destroy(new Chain("one")),
            new Transaction(Own).Delete(Own),
        ];
        var memory = new MemoryNft();
        foreach (var step in steps)
        {
            await memory.CommitAsync(step, default);
            await _nft.CommitAsync(step, Deadline.Token());
            var expected = memory.Tables.GetValueOrDefault(Own.Name);
            var read = await _nft.ReadAsync(Own.Name, Deadline.Token());
            Assert.Equal(expected is null ? null : RulesetText.Render(expected), read is null ? null : RulesetText.Render(read));
        }
    }

    [Theory]
    [InlineData("limit rate 1/minute")]
    [InlineData("limit rate over 1/second")]
    [InlineData("limit rate 1 kbytes/second")]
    [InlineData("quota 1 mbytes")]
    public async Task A_table_somebody_else_wrote_into_is_not_misread(string statement)
    {
        await _nft.CommitAsync(new Transaction(Own).Add(Own).Add(new Chain("one")), Deadline.Token());
        NftTool.Run(_netns, $"add rule inet {Own.Name} one {statement}");
        var error = await Assert.ThrowsAsync<NftException>(() => _nft.ReadAsync(Own.Name, Deadline.Token()));
        Assert.Contains("something we did not write", error.Message, StringComparison.Ordinal);
    }

    private static IpAddr Address(int number) => IpAddr.FromValue(IpFamily.V4, 0x0a000000u + (uint)number);

    private static async Task<Fairlead.Nftables.Rulesets.Ruleset> InMemory(Transaction transaction)
    {
        var memory = new MemoryNft();
        await memory.CommitAsync(transaction, default);
        return memory.Tables[transaction.Table.Name];
    }

    [Fact]
    public async Task A_commit_of_others_is_told_and_one_of_our_own_is_not()
    {
        var others = new SemaphoreSlim(0);
        _nft.ChangedByOthers += () => others.Release();
        await _nft.CommitAsync(EveryStatement.Make(), Deadline.Token());
        Assert.Equal(0, others.CurrentCount);
        NftTool.Run(_netns, "flush ruleset");
        await others.WaitAsync(Deadline.Token());
        await _nft.CommitAsync(new Transaction(Own).Add(Own), Deadline.Token());
        using var second = _netns.Run(KernelNft.Open);
        await second.CommitAsync(new Transaction(Own).Delete(Own), Deadline.Token());
        await others.WaitAsync(Deadline.Token());
        Assert.Equal(0, others.CurrentCount);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(20_000)]
    public async Task A_commit_is_three_system_calls_whatever_is_there_already(int elements)
    {
        var map = new Map("map", [FieldType.IPv4Address], [FieldType.Mark]);
        await _nft.CommitAsync(new Transaction(Own).Add(Own).Add(map).Add(new Elements(map, Marks(0, elements))), Deadline.Token());
        var before = _nft.SystemCalls;
        await _nft.CommitAsync(
            new Transaction(Own).Delete(new Elements(map, Marks(0, 3))).Add(new Elements(map, Marks(elements, 5))), Deadline.Token());

        // The batch sent, its one acknowledgement, and the look whether there is more.
        Assert.Equal(3, _nft.SystemCalls - before);
    }

    [Fact]
    public async Task A_commit_of_others_beside_a_large_one_of_our_own_is_told()
    {
        var others = new SemaphoreSlim(0);
        using var second = _netns.Run(KernelNft.Open);
        using var socket = _netns.Run(() => NetlinkSocket.Open(NetlinkProtocol.Netfilter));
        using var monitor = _netns.Run(() => new CommitMonitor(socket.PortId));
        monitor.Add(() => others.Release());
        uint Generation() => second.GenerationAsync(default).Result;
        void Commit(string chain) => _nft.CommitAsync(new Transaction(Own).Add(Own).Add(new Chain(chain)), default).Wait();
        monitor.WithoutListening(() => Commit("one"), Generation);
        Assert.Equal(0, others.CurrentCount);
        monitor.WithoutListening(
            () =>
            {
                Commit("two");
                second.CommitAsync(new Transaction(Own).Add(new Chain("theirs")), default).Wait();
            },
            Generation);
        Assert.Equal(1, others.CurrentCount);

        // And afterwards it listens again.
        await second.CommitAsync(new Transaction(Own).Delete(Own), Deadline.Token());
        await others.WaitAsync(Deadline.Token());
        await others.WaitAsync(Deadline.Token());
    }

    [Fact]
    public async Task A_large_commit_of_our_own_is_not_told()
    {
        var others = new SemaphoreSlim(0);
        _nft.ChangedByOthers += () => others.Release();
        var map = new Map("map", [FieldType.IPv4Address], [FieldType.Mark]);
        await _nft.CommitAsync(new Transaction(Own).Add(Own).Add(map).Add(new Elements(map, Marks(0, 5000))), Deadline.Token());
        Assert.Equal(0, others.CurrentCount);
        using var second = _netns.Run(KernelNft.Open);
        await second.CommitAsync(new Transaction(Own).Delete(Own), Deadline.Token());
        await others.WaitAsync(Deadline.Token());
        Assert.Equal(0, others.CurrentCount);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5000)]
    public async Task Only_commits_of_others_change_their_generation(int elements)
    {
        var map = new Map("map", [FieldType.IPv4Address], [FieldType.Mark]);
        await _nft.CommitAsync(new Transaction(Own).Add(Own).Add(map), Deadline.Token());
        var before = await _nft.GenerationOfOthersAsync(default);
        await _nft.CommitAsync(new Transaction(Own).Add(new Elements(map, Marks(0, elements))), Deadline.Token());
        await _nft.CommitAsync(new Transaction(Own).Delete(new Elements(map, Marks(0, elements))), Deadline.Token());
        var refused = await Assert.ThrowsAsync<NftException>(
            () => _nft.CommitAsync(new Transaction(Own).Delete(new Elements(map, Marks(0, elements))), Deadline.Token()));
        Assert.True(refused.IsNotFound, refused.Message);
        Assert.Equal(before, await _nft.GenerationOfOthersAsync(default));
        using var second = _netns.Run(KernelNft.Open);
        await second.CommitAsync(new Transaction(Own).Add(new Chain("theirs")), Deadline.Token());
        Assert.NotEqual(before, await _nft.GenerationOfOthersAsync(default));
    }

    private static List<Element> Marks(int first, int count) =>
        [.. Enumerable.Range(first, count).Select(i => Element.Of(Datum.Of(Address(i)), Datum.Of((uint)i)))];
}
