using System.Buffers.Binary;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Wire;

namespace Fairlead.Tests.Dns;

/// <summary>What of an upstream's reply is passed on.</summary>
public sealed class BailiwickTests
{
    [Theory]
    [InlineData("www.test 60 A 192.0.2.1;bank.test 60 A 192.0.2.66", "www.test. 60 A 192.0.2.1")]
    [InlineData("www.test 60 CNAME a.test;a.test 60 CNAME b.test;b.test 60 A 192.0.2.1;c.test 60 A 192.0.2.66", "a.test. 60 CNAME b.test.;b.test. 60 A 192.0.2.1;www.test. 60 CNAME a.test.")]
    [InlineData("b.test 60 A 192.0.2.1;a.test 60 CNAME b.test;www.test 60 CNAME a.test;x.test 60 CNAME a.test", "a.test. 60 CNAME b.test.;b.test. 60 A 192.0.2.1;www.test. 60 CNAME a.test.")]
    [InlineData("www.test 60 CNAME www.test;www.test 60 AAAA 2001:db8::1", "www.test. 60 CNAME www.test.")] // a loop ends, another type is not asked for
    [InlineData("www.test 60 A 192.0.2.1;+test 60 NS ns.other;+com 60 NS ns.evil;++ns.other 60 A 192.0.2.2;++www.bank 60 A 192.0.2.66", "www.test. 60 A 192.0.2.1;+ test. 60 NS ns.other.;++ ns.other. 60 A 192.0.2.2")]
    [InlineData("www.test 60 A 192.0.2.1;+www.test 60 A 192.0.2.66;++www.test 60 A 192.0.2.66", "www.test. 60 A 192.0.2.1")]
    public void Only_what_the_name_leads_to_stays(string records, string expected) =>
        Assert.Equal($"NOERROR;{expected}", Cleaned(ResponseCode.NoError, records.Split(';')));

    [Fact]
    public void A_denial_keeps_the_SOA_of_a_zone_above_and_no_other() =>
        Assert.Equal("NXDOMAIN;+ test. 60 SOA . . 0 0 0 0 5", Cleaned(ResponseCode.NxDomain, "+test 60 SOA 5", "+other 60 SOA 5"));

    [Fact]
    public void Answers_to_another_question_alone_are_no_reply() => Assert.Null(Cleaned(ResponseCode.NoError, "bank.test 60 A 192.0.2.66", "+test 60 SOA 5"));

    [Fact]
    public void Names_compressed_against_what_goes_are_written_out()
    {
        var question = Replies.Question("www.test");
        byte[] packet =
        [
            .. Replies.Reply(question, ResponseCode.NoError),
            .. Replies.Record("evil.bank 60 CNAME mail.www.test"), // its data, mail.www.test, starts at 26 + 11 + 10
            0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 0xC0, 47,
            0xC0, 47, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 1,
        ];
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(6), 3);
        Assert.Equal("NOERROR\nmail.www.test. 60 A 192.0.2.1\nwww.test. 60 CNAME mail.www.test.", DnsLab.Text(Bailiwick.Cleaned(packet, question)!));
    }

    [Fact]
    public void What_belongs_is_left_as_it_is_but_for_the_case_of_the_name()
    {
        var asked = new ForwardQuestion([3, .. "wWw"u8, 4, .. "tEst"u8, 0], RecordType.A, 0, false);
        var packet = Replies.Reply(Replies.Question("www.test"), ResponseCode.NoError, "www.test 60 A 192.0.2.1");
        var cleaned = Bailiwick.Cleaned(packet, asked);
        Assert.Same(packet, cleaned);
        Assert.Equal("NOERROR\nwWw.tEst. 60 A 192.0.2.1", DnsLab.Text(cleaned!));
    }

    private static string? Cleaned(ResponseCode code, params string[] records) =>
        Bailiwick.Cleaned(Replies.Reply(Replies.Question("www.test"), code, records), Replies.Question("www.test")) is { } packet ? DnsLab.Text(packet).Replace('\n', ';') : null;
}
