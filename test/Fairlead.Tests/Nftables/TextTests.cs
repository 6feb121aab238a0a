using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Memory;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Text;
using Fairlead.Nftables.Transactions;
using Fairlead.Nftables.Values;

namespace Fairlead.Tests.Nftables;

public sealed class TextTests
{
    [Fact]
    public async Task A_table_reads_as_nft_lists_it()
    {
        var table = new Table("fairlead-test");
        var balance = Map.OfVerdicts("balance", [FieldType.ClassId]);
        var ends = new Map("ends", [FieldType.IPv4Address, FieldType.InetProtocol, FieldType.InetService, FieldType.ClassId], [FieldType.IPv4Address, FieldType.InetService]);
        var nets = new Set("nets", [FieldType.IPv4Address]) { Flags = ContainerFlags.Interval };
        var sticky = new Map("sticky", [FieldType.IPv6Address], [FieldType.ClassId])
        {
            Flags = ContainerFlags.Timeout | ContainerFlags.Dynamic,
            Size = 1000,
            Timeout = TimeSpan.FromMinutes(90),
        };
        var key = Selector.Of(Payload.IpDaddr, Meta.L4Proto, Payload.ThDport, Meta.Priority);
        var nft = new MemoryNft();
        await nft.CommitAsync(
            new Transaction(table).Add(table).Add(balance).Add(ends).Add(nets).Add(sticky)
                .Add(new Chain("lb-2"))
                .Add(new Chain("pre", new BaseChain(ChainType.Nat, Hook.Prerouting, Priority.Dstnat)))
                .Add(new Chain("late", new BaseChain(ChainType.Filter, Hook.Output, -90, DropsByDefault: true)))
                .Add(new Elements(balance, Element.Of(Datum.Of(2u), Verdict.Goto("lb-2"))))
                .Add(new Elements(
                    ends,
                    Element.Of(Datum.Of(IpAddr.Parse("10.96.0.1"), IpProtocol.Tcp, (ushort)80, 1u), Datum.Of(IpAddr.Parse("10.1.1.2"), (ushort)8080)),
                    Element.Of(Datum.Of(IpAddr.Parse("10.96.0.1"), IpProtocol.Tcp, (ushort)80, 0u), Datum.Of(IpAddr.Parse("10.1.1.1"), (ushort)8080))))
                .Add(new Elements(nets, Element.Range(IpNet.Parse("10.0.0.0/8")), new Element(Datum.Of(IpAddr.Parse("1.2.3.4")))))
                .Add(new Rule("pre", [new InSet(Payload.IpSaddr, "nets", Not: true), new Counter(), Verdict.Drop]) { Comment = "strangers" })
                .Add(new Rule("pre", [new VerdictMap(Meta.Priority, "balance")]))
                .Add(new Rule("lb-2", [new SetMeta(MetaKey.Priority, new Loaded(new NumgenSelector(2))), Nat.Dnat(IpFamily.V4, key, "ends")]))
                .Add(new Rule("lb-2", [new UpdateSet(UpdateOp.Update, "sticky", Payload.Ip6Saddr, TimeSpan.FromSeconds(30), Meta.Priority)])),
            default);
        const string Expected = """
            table inet fairlead-test {
            	map balance {
            		type classid : verdict
            		elements = { 0:2 : goto lb-2 }
            	}

            	map ends {
            		type ipv4_addr . inet_proto . inet_service . classid : ipv4_addr . inet_service
            		elements = { 10.96.0.1 . tcp . 80 . none : 10.1.1.1 . 8080,
            			     10.96.0.1 . tcp . 80 . 0:1 : 10.1.1.2 . 8080 }
            	}

            	set nets {
            		type ipv4_addr
            		flags interval
            		elements = { 1.2.3.4,
            			     10.0.0.0/8 }
            	}

            	map sticky {
            		type ipv6_addr : classid
            		size 1000
            		flags dynamic,timeout
            		timeout 1h30m
            	}

            	chain late {
            		type filter hook output priority -90; policy drop;
            	}

            	chain lb-2 {
            		meta priority set numgen random mod 2 dnat ip to ip daddr . meta l4proto . th dport . meta priority map @ends
            		update @sticky { ip6 saddr timeout 30s : meta priority }
            	}

            	chain pre {
            		type nat hook prerouting priority dstnat; policy accept;
            		ip saddr != @nets counter packets 0 bytes 0 drop comment "strangers"
            		meta priority vmap @balance
            	}
            }

            """;
        Assert.Equal(Expected, RulesetText.Render(nft.Tables["fairlead-test"]));
    }
}
