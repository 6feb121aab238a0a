using Fairlead.Dns.Config;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Server;
using Fairlead.Dns.Wire;

namespace Fairlead.Tests.Dns;

/// <summary>What a Service of type ExternalName stands for, followed for every type to the end of its chain.</summary>
public sealed class ExternalNameTests : IDisposable
{
    private const string Alias = "out.prod.svc.cluster.local. 5 CNAME www.example.com.";
    private readonly DnsLab _lab = new DnsLab()
        .Namespace("prod")
        .Service("prod/api", "10.96.1.1")
        .External("prod/out", "www.example.com")
        .External("prod/first", "out.prod.svc.cluster.local")
        .External("prod/inside", "api.prod.svc.cluster.local")
        .External("prod/other", "api.prod.svc.other.test")
        .External("prod/blocked", "www.blocked.test")
        .External("prod/across", "back.prod.svc.other.test")
        .External("prod/back", "across.prod.svc.cluster.local");

    [Theory]
    [InlineData("A", "www.example.com. 60 A 192.0.2.1")]
    [InlineData("AAAA", "www.example.com. 60 AAAA 2001:db8::1")]
    [InlineData("TXT", "www.example.com. 60 TXT \"hello\"")]
    [InlineData("MX", "www.example.com. 60 MX 10 mail.example.com.")]
    [InlineData("NS", "www.example.com. 60 NS ns.example.com.")]
    public void Every_type_is_asked_for_at_the_end_of_the_chain(string type, string record)
    {
        var words = record.Split(' ');
        var reply = Replied("first", Enum.Parse<RecordType>(type), 0, $"www.example.com 60 {type} {words[^1].Trim('"').TrimEnd('.')}");
        Assert.Equal($"NOERROR AA\nfirst.prod.svc.cluster.local. 5 CNAME out.prod.svc.cluster.local.\n{Alias}\n{record}", reply);
    }

    [Theory]
    [InlineData("CNAME", "NOERROR AA\n" + Alias)]
    [InlineData("SRV", "NOERROR AA\n+ SOA")]
    [InlineData("PTR", "NOERROR AA\n+ SOA")]
    public void The_alias_itself_and_what_a_service_has_of_its_own_is_asked_of_nobody(string type, string expected) =>
        Assert.Equal(expected, Short(_lab.Ask("out.prod.svc.cluster.local", Enum.Parse<RecordType>(type))));

    [Fact]
    public void What_an_upstream_says_beside_is_taken_over()
    {
        Assert.Equal(
            $"NXDOMAIN AA\n{Alias}\nwww.example.com. 60 CNAME gone.example.com.\n+ example.com. 60 SOA . . 0 0 0 0 30",
            Replied("out", RecordType.A, (int)ResponseCode.NxDomain, "www.example.com 60 CNAME gone.example.com", "+example.com 60 SOA 30"));
        Assert.Equal($"NOERROR AA TC\n{Alias}\nwww.example.com. 60 A 192.0.2.1", Replied("out", RecordType.A, DnsHeader.TruncatedFlag, "www.example.com 60 A 192.0.2.1"));
        Assert.Equal($"NOERROR AA\n{Alias}", Replied("out", RecordType.MX, 0, "www.example.com 60 A 192.0.2.1"));
    }

    [Fact]
    public void A_record_whose_names_lean_on_others_reads_alone()
    {
        byte[] packet = [.. Replies.Reply(Replies.Question("www.example.com", RecordType.MX), ResponseCode.NoError), 0xC0, 12, 0, 15, 0, 1, 0, 0, 0, 60, 0, 4, 0, 10, 0xC0, 16];
        packet[7] = 1;
        Assert.Equal($"NOERROR AA\n{Alias}\nwww.example.com. 60 MX 10 example.com.", Finish("out", RecordType.MX, packet));
    }

    [Theory]
    [InlineData("inside", "TXT", "NOERROR AA\ninside.prod.svc.cluster.local. 5 CNAME api.prod.svc.cluster.local.\n+ SOA")]
    [InlineData("other", "A", "NOERROR AA\napi.prod.svc.other.test. 5 A 10.96.1.1\nother.prod.svc.cluster.local. 5 CNAME api.prod.svc.other.test.")]
    [InlineData("other", "MX", "NOERROR AA\nother.prod.svc.cluster.local. 5 CNAME api.prod.svc.other.test.\n+ SOA")]
    [InlineData("blocked", "TXT", "REFUSED AA\nblocked.prod.svc.cluster.local. 5 CNAME www.blocked.test.")]
    [InlineData("across", "A", "NOERROR AA")]
    public void An_alias_is_looked_for_in_the_block_of_its_own_zone(string service, string type, string expected)
    {
        Use();
        Assert.Equal(expected, Short(_lab.Ask($"{service}.prod.svc.cluster.local", Enum.Parse<RecordType>(type))));
    }

    [Fact]
    public void An_alias_answered_by_another_block_allocates_nothing()
    {
        Use();
        Assert.Equal(0, _lab.LeastAllocated(DnsLab.Query("other.prod.svc.cluster.local", RecordType.A)));
    }

    public void Dispose() => _lab.Dispose();

    // In the other zone the alias leads back.
    private void Use()
    {
        var reading = Corefile.Read("""
            blocked.test {
                template ANY ANY {
                    rcode REFUSED
                }
            }
            other.test {
                hosts {
                    fallthrough
                }
                kubernetes other.test {
                    ttl 5
                }
            }
            . {
                kubernetes cluster.local {
                    ttl 5
                }
                forward . 192.0.2.1
            }
            """);
        Assert.Empty(reading.Errors);
        _lab.Use([.. reading.Config!.Blocks]);
    }

    private string Replied(string service, RecordType type, int flags, params string[] records)
    {
        var packet = Replies.Reply(Replies.Question("www.example.com", type), ResponseCode.NoError, records);
        (packet[2], packet[3]) = ((byte)(packet[2] | (flags >> 8)), (byte)(packet[3] | flags));
        return Finish(service, type, packet);
    }

    private string Finish(string service, RecordType type, byte[] packet)
    {
        _lab.Sync();
        var reply = new byte[DnsHandler.MaxReply];
        var pending = _lab.Handler.Handle(DnsLab.Query($"{service}.prod.svc.cluster.local", type), DnsLab.Client, reply, tcp: true).Pending;
        Assert.Equal(DnsName.Encode("www.example.com"), pending?.Name);
        var length = _lab.Handler.Finish(pending!, new ForwardResult(packet, ResponseCode.NoError), reply);
        return DnsLab.Text(reply[..length]);
    }

    private static string Short(string text) =>
        string.Join('\n', text.Split('\n').Select(line => line.StartsWith('+') ? "+ SOA" : line));
}
