using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Transactions;
using Fairlead.Nftables.Values;

namespace Fairlead.Testing.Nftables;

/// <summary>A table with each kind of object and expression at least once; tests compare what text, kernel and nft make of it.</summary>
public static class EveryStatement
{
    public static readonly Table Own = new("fairlead-every");

    public static readonly Set Addresses = new("addresses", [FieldType.IPv4Address]) { Flags = ContainerFlags.Interval };
    public static readonly Set Addresses6 = new("addresses6", [FieldType.IPv6Address]) { Flags = ContainerFlags.Interval };
    public static readonly Set Names = new("names", [FieldType.InterfaceName]);
    public static readonly Set Ports = new("ports", [FieldType.InetService]) { Flags = ContainerFlags.Interval };

    public static readonly Set Sources =
        new("sources", [FieldType.IPv4Address, FieldType.InetProtocol, FieldType.InetService, FieldType.IPv4Address]) { Flags = ContainerFlags.Interval };

    public static readonly Set Seen = new("seen", [FieldType.IPv6Address, FieldType.InetService])
    {
        Flags = ContainerFlags.Dynamic | ContainerFlags.Timeout,
        Size = 100,
        Timeout = TimeSpan.FromMinutes(90),
    };

    public static readonly Map Slots = new("slots", [FieldType.IPv4Address], [FieldType.ClassId])
    {
        Flags = ContainerFlags.Dynamic | ContainerFlags.Timeout,
        Size = 100,
    };

    public static readonly Map Marks = new("marks", [FieldType.IPv4Address], [FieldType.Mark]);
    public static readonly Map Verdicts = Map.OfVerdicts("verdicts", [FieldType.ClassId]);

    public static readonly Map Ends = new(
        "ends", [FieldType.IPv4Address, FieldType.InetProtocol, FieldType.InetService, FieldType.ClassId], [FieldType.IPv4Address, FieldType.InetService]);

    public static readonly Map Ends6 = new(
        "ends6", [FieldType.IPv6Address, FieldType.InetProtocol, FieldType.InetService, FieldType.ClassId], [FieldType.IPv6Address, FieldType.InetService]);

    public static readonly Map Others = new("others", [FieldType.IPv4Address, FieldType.InetProtocol, FieldType.InetService], [FieldType.IPv4Address]);

    public static readonly Statement[][] FilterRules =
    [
        [Match.Is(Payload.IpSaddr, Ip("1.2.3.4"))],
        [Match.IsNot(Payload.IpSaddr, Ip("1.2.3.4")), new Counter()],
        [Match.In(Payload.IpDaddr, IpNet.Parse("10.0.0.0/8"))],
        [Match.NotIn(Payload.IpDaddr, IpNet.Parse("10.128.0.0/9"))],
        [Match.In(Payload.Ip6Daddr, IpNet.Parse("fd00::/61"))],
        [Match.Range(Payload.IpSaddr, Ip("1.1.1.1"), Ip("1.1.1.9"))],
        [new Match(Payload.IpSaddr, true, new Between(Datum.Of(Ip("1.1.1.1")), Datum.Of(Ip("1.1.1.9"))))],
        [Match.Is(Payload.TcpDport, (ushort)80), Match.Bits(Payload.TcpFlags, 0x17, 2)],
        [Match.Is(Payload.SctpDport, (ushort)80)],
        [Match.Range(Payload.UdpSport, (ushort)1, (ushort)5)],
        [Match.IsNot(Payload.ThDport, (ushort)8080)],
        [Match.Is(Payload.IpDaddr, Ip("10.96.0.10")), Match.Is(Payload.UdpDport, (ushort)53), Match.In(Payload.IpSaddr, IpNet.Parse("10.244.0.0/16"))],
        [Match.Is(Meta.Mark, 0x4000u)],
        [Match.Bits(Meta.Mark, 0xff00, 0x1200)],
        [new Match(Meta.Mark, true, new Masked(0x4000, 0))],
        [Match.Is(Meta.Priority, 5u)],
        [Match.State(CtState.New)],
        [Match.State(CtState.Established | CtState.Related), Verdict.Accept],
        [Match.IsNot(Ct.State, (uint)CtState.New)],
        [Match.Status(CtStatus.Dnat)],
        [Match.Status(CtStatus.Dnat | CtStatus.Snat)],
        [Match.Is(Ct.Direction, (byte)1)],
        [Match.Is(Ct.OriginalDaddr(IpFamily.V4), Ip("10.96.0.1"))],
        [Match.Is(Ct.OriginalSaddr(IpFamily.V6), Ip("fd00::1"))],
        [Match.Bits(Ct.Mark, 0x10, 0x10)],
        [Match.Is(Meta.IifName, "eth0")],
        [new Match(Meta.OifName, true, new Exact(Datum.Of("eth0")))],
        [Match.NameStartsWith(Meta.IifName, "fl")],
        [new Match(Meta.IifName, true, new StartsWith("fl"))],
        [new InSet(Meta.OifName, "names")],
        [Match.Is(Meta.L4Proto, IpProtocol.Tcp)],
        [Match.IsNot(Meta.L4Proto, IpProtocol.Udp)],
        [Match.Is(Meta.NfProto, (byte)2)],
        [Match.Is(Fib.DaddrType, (uint)FibAddressType.Local)],
        [Match.IsNot(Fib.SaddrType, (uint)FibAddressType.Local)],
        [Match.Is(Fib.ReversePath, 0u)],
        [Match.Is(new NumgenSelector(2), 0u)],
        [Match.Is(Payload.IcmpType, (byte)8)],
        [Match.Range(Payload.IcmpV6Type, (byte)133, (byte)137), Verdict.Accept],
        [new InSet(Payload.IpSaddr, "addresses")],
        [new InSet(Payload.Ip6Saddr, "addresses6", Not: true)],
        [new InSet(Payload.TcpDport, "ports")],
        [new InSet(Selector.Of(Payload.IpDaddr, Meta.L4Proto, Payload.ThDport, Payload.IpSaddr), "sources", Not: true), new Counter(), Verdict.Drop],
        [new VerdictMap(Meta.Priority, "verdicts")],
        [SetMeta.MarkBits(0x4000, 0x4000)],
        [SetMeta.MarkBits(0x4000, 0)],
        [SetMeta.MarkBits(0xff00, 0x1200)],
        [new SetMeta(MetaKey.Mark, new Constant(Datum.Of(7u)))],
        [new SetMeta(MetaKey.Mark, new Loaded(Ct.Mark))],
        [new SetMeta(MetaKey.Mark, new FromMap(Payload.IpSaddr, "marks"))],
        [new SetMeta(MetaKey.Priority, new Loaded(new NumgenSelector(3)))],
        [new SetMeta(MetaKey.Priority, new FromMap(Payload.IpSaddr, "slots"))],
        [new SetAddress(Payload.IpDaddr, new Constant(Datum.Of(Ip("192.0.2.7"))))],
        [new SetAddress(Payload.Ip6Saddr, new Loaded(Ct.OriginalSaddr(IpFamily.V6)))],
        [SetCtMark.Bits(0x10, 0x10)],
        [new SetCtMark(new Loaded(Meta.Mark))],
        [new UpdateSet(UpdateOp.Update, "seen", Selector.Of(Payload.Ip6Saddr, Payload.ThDport), TimeSpan.FromSeconds(30))],
        [new UpdateSet(UpdateOp.Add, "slots", Payload.IpSaddr, TimeSpan.FromMinutes(1), Meta.Priority)],
        [new UpdateSet(UpdateOp.Delete, "slots", Payload.IpSaddr, null, Meta.Priority)],
        [new Log("abc ", 5), new Log("", 6)],
        [new Limit(100, 5), new Log("often ", 5)],
        [new Limit(1, 4_000_000_000), new Counter()],
        [Match.Is(Meta.L4Proto, IpProtocol.Tcp), new Reject(RejectKind.TcpReset)],
        [new Reject(RejectKind.PortUnreachable)],
        [new Reject(RejectKind.AdminProhibited)],
        [Verdict.Jump("lb-2")],
        [Verdict.Continue],
        [Verdict.Return],
    ];

    public static readonly Statement[][] NatRules =
    [
        [new SetMeta(MetaKey.Priority, new Loaded(new NumgenSelector(2)))],
        [Nat.Dnat(IpFamily.V4, Selector.Of(Payload.IpDaddr, Meta.L4Proto, Payload.ThDport, Meta.Priority), "ends")],
        [Nat.Dnat(IpFamily.V6, Selector.Of(Payload.Ip6Daddr, Meta.L4Proto, Payload.ThDport, Meta.Priority), "ends6")],
        [
            new SetAddress(Payload.IpDaddr, new FromMap(Selector.Of(Payload.IpDaddr, Meta.L4Proto, Payload.ThDport), "others")),
            Nat.Dnat(IpFamily.V4, Selector.Of(Ct.OriginalDaddr(IpFamily.V4), Meta.L4Proto, Payload.ThDport, Meta.Priority), "ends"),
        ],
        [Nat.Dnat(Ip("192.0.2.1"))],
        [Nat.Dnat(Ip("fd00::1"))],
        [Match.Is(Meta.L4Proto, IpProtocol.Tcp), new Redirect(8080)],
        [new Redirect(0)],
        [Verdict.Goto("lb-2")],
    ];

    /// <summary>All of it, as one transaction that makes the table.</summary>
    public static Transaction Make()
    {
        var tx = new Transaction(Own).Add(Own);
        foreach (var container in new Container[] { Addresses, Addresses6, Names, Ports, Sources, Seen, Slots, Marks, Verdicts, Ends, Ends6, Others })
        {
            tx.Add(container);
        }

        tx.Add(new Chain("lb-2"))
            .Add(new Chain("filtered", new BaseChain(ChainType.Filter, Hook.Forward, 5, DropsByDefault: true)))
            .Add(new Chain("translated", new BaseChain(ChainType.Nat, Hook.Prerouting, Priority.Dstnat)))
            .Add(new Chain("local", new BaseChain(ChainType.Nat, Hook.Output, Priority.Dstnat)))
            .Add(new Chain("untracked", new BaseChain(ChainType.Filter, Hook.Prerouting, Priority.Raw)))
            .Add(new Chain("leaving", new BaseChain(ChainType.Nat, Hook.Postrouting, Priority.Srcnat)))
            .Add(new Chain("rerouted", new BaseChain(ChainType.Route, Hook.Output, Priority.Mangle + 1)));
        AddElements(tx);
        foreach (var rule in FilterRules)
        {
            tx.Add(new Rule("filtered", rule.ToSeq()));
        }

        foreach (var rule in NatRules)
        {
            tx.Add(new Rule("translated", rule.ToSeq()));
        }

        return tx.Add(new Rule("untracked", [Match.Is(Payload.UdpDport, (ushort)53), new Notrack()]) { Comment = "the node's DNS" })
            .Add(new Rule("leaving", [Match.Bits(Meta.Mark, 0x4000, 0x4000), new Masquerade()]))
            .Add(new Rule("leaving", [new Masquerade(PortChoice.Keep)]))
            .Add(new Rule("leaving", [Nat.Snat(Ip("192.0.2.1"))]));
    }

    private static void AddElements(Transaction tx) => tx
        .Add(new Elements(
            Addresses,
            Element.Range(IpNet.Parse("10.0.0.0/8")),
            Element.Range(Datum.Of(Ip("11.0.0.0")), Datum.Of(Ip("11.0.0.6"))),
            new Element(Datum.Of(Ip("1.2.3.4"))) { Comment = "one" },
            Element.Range(IpNet.Parse("255.0.0.0/8"))))
        .Add(new Elements(Addresses6, Element.Range(IpNet.Parse("fd00::/64"))))
        .Add(new Elements(Names, new Element(Datum.Of("eth0")), new Element(Datum.Of("fl12"))))
        .Add(new Elements(Ports, Element.Range(Datum.Of((ushort)80), Datum.Of((ushort)90)), new Element(Datum.Of((ushort)443))))
        .Add(new Elements(
            Sources,
            Element.Range(
                Datum.Of(Ip("10.96.0.1"), IpProtocol.Tcp, (ushort)80, Ip("10.0.0.0")), Datum.Of(Ip("10.96.0.1"), IpProtocol.Tcp, (ushort)90, Ip("10.255.255.255"))),
            Element.Range(
                Datum.Of(Ip("10.96.0.1"), IpProtocol.Udp, (ushort)53, Ip("10.1.1.1")), Datum.Of(Ip("10.96.0.1"), IpProtocol.Udp, (ushort)53, Ip("10.1.1.3"))),
            new Element(Datum.Of(Ip("10.96.0.2"), IpProtocol.Sctp, (ushort)53, Ip("10.1.1.1")))))
        .Add(new Elements(Slots, Element.Of(Datum.Of(Ip("9.9.9.9")), Datum.Of(1u)) with { Timeout = TimeSpan.FromHours(3) }))
        .Add(new Elements(Marks, Element.Of(Datum.Of(Ip("9.9.9.9")), Datum.Of(0x12u))))
        .Add(new Elements(
            Verdicts,
            Element.Of(Datum.Of(0u), Verdict.Drop),
            Element.Of(Datum.Of(2u), Verdict.Goto("lb-2")),
            Element.Of(Datum.Of(0xab0012u), Verdict.Jump("lb-2")),
            Element.Of(Datum.Of(uint.MaxValue), Verdict.Accept)))
        .Add(new Elements(
            Ends, Element.Of(Datum.Of(Ip("10.96.0.1"), IpProtocol.Tcp, (ushort)80, 0u), Datum.Of(Ip("10.244.0.2"), (ushort)8080))))
        .Add(new Elements(
            Ends6, Element.Of(Datum.Of(Ip("fd00::60"), IpProtocol.Tcp, (ushort)80, 1u), Datum.Of(Ip("fd00::2"), (ushort)8080))));

    private static IpAddr Ip(string text) => IpAddr.Parse(text);
}
