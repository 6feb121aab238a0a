using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Memory;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Tracing;
using Fairlead.Nftables.Transactions;
using Fairlead.Nftables.Values;

namespace Fairlead.Tests.Nftables;

public sealed class PacketTracerTests
{
    private static readonly Table Own = new("fairlead-test");
    private static readonly IpAddr Node = IpAddr.Parse("172.30.0.11");
    private static readonly TraceHost Host = new(address => address == Node, address => address.ToString().StartsWith("10.244.0.", StringComparison.Ordinal) ? "fl1" : "eth0");
    private readonly MemoryNft _nft = new();

    [Fact]
    public async Task A_service_packet_is_translated_by_two_lookups_and_masqueraded_by_its_mark()
    {
        var services = new Map("services", [FieldType.IPv4Address, FieldType.InetProtocol, FieldType.InetService], [FieldType.ClassId]);
        var balance = Map.OfVerdicts("balance", [FieldType.ClassId]);
        var ends = new Map("ends", [FieldType.IPv4Address, FieldType.InetService, FieldType.ClassId], [FieldType.IPv4Address, FieldType.InetService]);
        var vip = IpAddr.Parse("10.96.0.1");
        await Commit(tx => tx.Add(services).Add(balance).Add(ends).Add(new Chain("lb-2"))
            .Add(new Chain("pre", new BaseChain(ChainType.Nat, Hook.Prerouting, Priority.Dstnat)))
            .Add(new Chain("post", new BaseChain(ChainType.Nat, Hook.Postrouting, Priority.Srcnat)))
            .Add(new Rule("pre", [new SetMeta(MetaKey.Priority, new FromMap(Selector.Of(Payload.IpDaddr, Meta.L4Proto, Payload.ThDport), "services")), SetMeta.MarkBits(0x4000, 0x4000), new VerdictMap(Meta.Priority, "balance")]))
            .Add(new Rule("lb-2", [new SetMeta(MetaKey.Priority, new Loaded(new NumgenSelector(2))), Nat.Dnat(IpFamily.V4, Selector.Of(Payload.IpDaddr, Payload.ThDport, Meta.Priority), "ends")]))
            .Add(new Rule("lb-2", [Verdict.Drop]))
            .Add(new Rule("post", [Match.Bits(Meta.Mark, 0x4000, 0x4000), new Masquerade()]))
            .Add(new Elements(services, Element.Of(Datum.Of(vip, IpProtocol.Tcp, (ushort)80), Datum.Of(2u))))
            .Add(new Elements(balance, Element.Of(Datum.Of(2u), Verdict.Goto("lb-2"))))
            .Add(new Elements(ends, Element.Of(Datum.Of(vip, (ushort)80, 1u), Datum.Of(IpAddr.Parse("10.244.0.5"), (ushort)8080)))));
        var packet = new Packet { Source = IpAddr.Parse("10.244.0.9"), Destination = vip, DestinationPort = 80, InInterface = "fl2" };
        Assert.Equal("accepted 10.244.0.5:8080 masqueraded", Trace(packet, random: 1).ToString());
        Assert.Equal("dropped", Trace(packet, random: 0).ToString());
        Assert.Equal("accepted 10.96.0.1:81", Trace(packet with { DestinationPort = 81 }).ToString());
        Assert.Equal("accepted 10.96.0.1:80", Trace(packet with { State = CtState.Established }).ToString());
        Assert.Contains("fairlead-test lb-2: drop", Trace(packet, random: 0).Steps);
    }

    [Theory]
    [InlineData("jump", "dropped")]
    [InlineData("goto", "accepted 10.244.0.5:80")]
    public async Task A_jump_comes_back_and_a_goto_does_not(string how, string expected)
    {
        await Commit(tx => tx.Add(new Chain("in", new BaseChain(ChainType.Filter, Hook.Forward, 0))).Add(new Chain("other"))
            .Add(new Rule("other", [Match.Is(Payload.TcpDport, (ushort)1), Verdict.Drop]))
            .Add(new Rule("in", [how == "jump" ? Verdict.Jump("other") : Verdict.Goto("other")]))
            .Add(new Rule("in", [Verdict.Drop])));
        Assert.Equal(expected, Trace(Forwarded()).ToString());
    }

    [Fact]
    public async Task Base_chains_run_by_priority_and_accept_ends_only_its_own()
    {
        await Commit(tx => tx.Add(new Chain("late", new BaseChain(ChainType.Filter, Hook.Forward, 10)))
            .Add(new Chain("early", new BaseChain(ChainType.Filter, Hook.Forward, -10)))
            .Add(new Rule("early", [SetMeta.MarkBits(1, 1), Verdict.Accept])).Add(new Rule("early", [Verdict.Drop]))
            .Add(new Rule("late", [Match.Bits(Meta.Mark, 1, 1), Match.Is(Payload.TcpDport, (ushort)80), new Reject(RejectKind.TcpReset)])));
        var trace = Trace(Forwarded());
        Assert.Equal((TraceVerdict.Rejected, RejectKind.TcpReset), (trace.Verdict, trace.Refusal));
        Assert.Equal(2, trace.Steps.Count);
    }

    [Fact]
    public async Task A_policy_drops_what_no_rule_accepts()
    {
        await Commit(tx => tx.Add(new Chain("in", new BaseChain(ChainType.Filter, Hook.Input, 0, DropsByDefault: true)))
            .Add(new Rule("in", [Match.State(CtState.Established), Verdict.Accept])));
        var packet = Forwarded() with { Destination = Node };
        Assert.Equal("dropped", Trace(packet).ToString());
        Assert.Equal("accepted 172.30.0.11:80", Trace(packet with { State = CtState.Established }).ToString());
        Assert.Equal("accepted 10.244.0.5:80", Trace(Forwarded()).ToString());
    }

    [Fact]
    public async Task Ranges_hold_field_by_field()
    {
        var set = new Set("sources", [FieldType.InetService, FieldType.IPv4Address]) { Flags = ContainerFlags.Interval };
        await Commit(tx => tx.Add(set).Add(new Chain("in", new BaseChain(ChainType.Filter, Hook.Forward, 0)))
            .Add(new Rule("in", [new InSet(Selector.Of(Payload.ThDport, Payload.IpSaddr), "sources", Not: true), Verdict.Drop]))
            .Add(new Elements(set, Element.Range(Datum.Of((ushort)80, IpAddr.Parse("10.0.0.0")), Datum.Of((ushort)90, IpAddr.Parse("10.255.255.255"))))));
        Assert.Equal(TraceVerdict.Accepted, Trace(Forwarded()).Verdict);
        Assert.Equal(TraceVerdict.Dropped, Trace(Forwarded() with { DestinationPort = 91 }).Verdict);
        Assert.Equal(TraceVerdict.Dropped, Trace(Forwarded() with { Source = IpAddr.Parse("11.0.0.1") }).Verdict);
    }

    [Fact]
    public async Task What_rules_add_to_a_set_is_there_for_the_next_packet_until_it_is_full()
    {
        var seen = new Set("seen", [FieldType.IPv4Address]) { Flags = ContainerFlags.Dynamic | ContainerFlags.Timeout, Size = 1 };
        await Commit(tx => tx.Add(seen).Add(new Chain("in", new BaseChain(ChainType.Filter, Hook.Forward, 0)))
            .Add(new Rule("in", [new InSet(Payload.IpSaddr, "seen"), Verdict.Drop]))
            .Add(new Rule("in", [new UpdateSet(UpdateOp.Update, "seen", Payload.IpSaddr), Verdict.Accept]))
            .Add(new Rule("in", [new Reject(RejectKind.AdminProhibited)])));
        var tracer = new PacketTracer(_nft.Tables.Values, Host, _ => 0);
        Assert.Equal(TraceVerdict.Accepted, tracer.Trace(Forwarded()).Verdict);
        Assert.Equal(TraceVerdict.Dropped, tracer.Trace(Forwarded()).Verdict);
        Assert.Equal(TraceVerdict.Rejected, tracer.Trace(Forwarded() with { Source = IpAddr.Parse("10.9.9.9") }).Verdict);
    }

    [Fact]
    public async Task A_local_packet_passes_output_and_is_routed_anew()
    {
        await Commit(tx => tx.Add(new Chain("out", new BaseChain(ChainType.Nat, Hook.Output, Priority.Dstnat)))
            .Add(new Chain("post", new BaseChain(ChainType.Filter, Hook.Postrouting, 0)))
            .Add(new Rule("out", [Nat.Dnat(IpAddr.Parse("10.244.0.5"))]))
            .Add(new Rule("post", [Match.Is(Meta.OifName, "fl1"), Match.Status(CtStatus.Dnat), Match.Is(Ct.OriginalDaddr(IpFamily.V4), IpAddr.Parse("192.0.2.1")), Verdict.Drop])));
        Assert.Equal(TraceVerdict.Dropped, Trace(new Packet { Source = Node, Destination = IpAddr.Parse("192.0.2.1"), DestinationPort = 80 }).Verdict);
    }

    private static Packet Forwarded() =>
        new() { Source = IpAddr.Parse("10.0.0.1"), Destination = IpAddr.Parse("10.244.0.5"), DestinationPort = 80, InInterface = "eth0" };

    private Trace Trace(Packet packet, uint random = 0) => new PacketTracer(_nft.Tables.Values, Host, _ => random).Trace(packet);

    private Task Commit(Func<Transaction, Transaction> build) => _nft.CommitAsync(build(new Transaction(Own).Add(Own)), default);
}
