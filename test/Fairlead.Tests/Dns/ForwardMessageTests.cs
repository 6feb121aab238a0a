using System.Buffers.Binary;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Wire;

namespace Fairlead.Tests.Dns;

/// <summary>What may pass for a reply of an upstream, and what a client is given of it.</summary>
public sealed class ForwardMessageTests
{
    private static readonly byte[] Opt = [0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0];
    private static readonly ForwardQuestion Question = Replies.Question("WwW.test");
    private static readonly byte[] Query = ForwardMessage.Query(Question, 4711);
    private static readonly byte[] Reply = Replies.Reply(Question, ResponseCode.NoError, "www.test 60 A 192.0.2.1", "+test 60 SOA 5");

    [Fact]
    public void A_reply_has_the_querys_id_and_question_and_the_case_of_its_name_is_told()
    {
        Assert.Equal(ReplyMatch.Exact, ForwardMessage.Match(Query, Reply));
        byte[] other = [.. Reply];
        other[13] ^= 0x20;
        Assert.Equal(ReplyMatch.OtherCase, ForwardMessage.Match(Query, other));
    }

    [Theory]
    [InlineData(0, 0xFF)] // another id
    [InlineData(2, 0x01)] // a query
    [InlineData(2, 0xA9)] // another opcode
    [InlineData(5, 0)] // without question
    [InlineData(5, 2)] // with two
    [InlineData(13, (byte)'x')] // for another name
    [InlineData(23, 28)] // for another type
    [InlineData(25, 3)] // for another class
    [InlineData(7, 9)] // fewer records than it says
    [InlineData(45, 5)] // a record that reads into the next
    public void Anything_else_is_none(int at, byte value)
    {
        byte[] changed = [.. Reply];
        changed[at] = value;
        Assert.Equal(ReplyMatch.None, ForwardMessage.Match(Query, changed));
    }

    [Fact]
    public void What_is_cut_is_none_unless_it_says_so()
    {
        for (var length = 0; length < Reply.Length; length++)
        {
            Assert.True(ForwardMessage.Match(Query, Reply.AsSpan(0, length)) == ReplyMatch.None, $"{length} bytes");
        }

        byte[] truncated = [.. Reply[..^5]];
        truncated[2] |= DnsHeader.TruncatedFlag >> 8;
        Assert.Equal(ReplyMatch.Exact, ForwardMessage.Match(Query, truncated));
    }

    [Fact]
    public void The_case_of_each_letter_is_drawn_and_nothing_else_is_changed()
    {
        var (upper, lower) = (ForwardMessage.Query(Replies.Question("a-1.z"), 1), ForwardMessage.Query(Replies.Question("a-1.z"), 1));
        ForwardMessage.MixCase(upper, new byte[32]);
        ForwardMessage.MixCase(lower, [.. Enumerable.Repeat((byte)0xFF, 32)]);
        Assert.Equal([3, (byte)'A', (byte)'-', (byte)'1', 1, (byte)'Z', 0, 0, 1, 0, 1], upper[12..23]);
        Assert.Equal(ForwardMessage.Query(Replies.Question("a-1.z"), 1), lower);
        Assert.Equal(upper[..12], lower[..12]);
    }

    [Fact]
    public void Opt_and_what_follows_it_stay_between_us_and_the_upstream()
    {
        byte[] withOpt = [.. Replies.Reply(Question, ResponseCode.NoError, "www.test 60 A 192.0.2.1", "++x.test 60 A 192.0.2.2"), .. Opt, .. Replies.Record("y.test 60 A 192.0.2.3")];
        BinaryPrimitives.WriteUInt16BigEndian(withOpt.AsSpan(10), 3);
        Assert.Equal(
            "NOERROR\nwww.test. 60 A 192.0.2.1\n++ x.test. 60 A 192.0.2.2",
            DnsLab.Text(ForwardMessage.WithoutOpt(withOpt, Question.Name.Length + 4)));
    }

    [Fact]
    public void The_client_gets_its_own_id_case_and_flags_and_no_word_of_authority()
    {
        byte[] answer = [.. Reply];
        answer[2] |= DnsHeader.AuthoritativeFlag >> 8;
        var text = Written(DnsLab.Query("wWw.tEst", RecordType.A, id: 99), answer, 512, out var reply);
        Assert.Equal("NOERROR\nwww.test. 60 A 192.0.2.1\n+ test. 60 SOA . . 0 0 0 0 5", text);
        Assert.Equal([0, 99, 0x81, 0x80], reply[..4]);
        Assert.Equal("wWw.tEst.", NameOf(reply));
    }

    [Fact]
    public void What_is_too_long_for_the_client_is_empty_and_truncated_with_its_OPT()
    {
        var answer = Replies.Reply(Question, ResponseCode.NoError, [.. Enumerable.Range(0, 40).Select(i => $"www.test 60 A 192.0.2.{i}")]);
        Assert.Equal("NOERROR TC", Written(DnsLab.Query("www.test", RecordType.A), answer, 512, out _));
        Assert.Equal("NOERROR TC\n++ OPT size 1232 flags 00000000", Written(DnsLab.Query("www.test", RecordType.A, after: Opt), answer, 512, out _));
        Assert.StartsWith("NOERROR\n++ OPT", string.Join('\n', Written(DnsLab.Query("www.test", RecordType.A, after: Opt), answer, 65535, out _).Split('\n').Where(line => !line.Contains(" A ", StringComparison.Ordinal))), StringComparison.Ordinal);
    }

    private static string Written(byte[] packet, byte[] answer, int limit, out byte[] reply)
    {
        Assert.True(DnsQuery.TryRead(packet, out var query));
        var buffer = new byte[65535];
        reply = buffer[..ForwardedReply.Write(query, answer, buffer, limit)];
        Assert.InRange(reply.Length, DnsHeader.Length, limit);
        return DnsLab.Text(reply);
    }

    private static string NameOf(byte[] packet)
    {
        Span<byte> name = stackalloc byte[DnsReader.MaxName];
        Assert.True(DnsReader.TryReadNameAt(packet, DnsHeader.Length, name, out var length, out _));
        return DnsName.Decode(name[..length]);
    }
}
