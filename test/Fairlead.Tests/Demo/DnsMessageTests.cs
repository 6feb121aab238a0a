using CsCheck;
using Fairlead.Demo;

namespace Fairlead.Tests.Demo;

public sealed class DnsMessageTests
{
    private static readonly byte[] Question = DnsMessage.Question(0x1234, "a.bc", v6: false);

    [Fact]
    public void A_question_is_as_RFC_1035_writes_it() =>
        Assert.Equal([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, (byte)'a', 2, (byte)'b', (byte)'c', 0, 0, 1, 0, 1], Question);

    [Fact]
    public void Addresses_are_read_past_other_records()
    {
        // A CNAME with a name of its own, then an A record that points at it.
        byte[] answer =
        [
            .. Reply(0x80, 2),
            0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 5, 0, 3, 1, (byte)'x', 0,
            0xC0, 34, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 10, 1, 2, 3,
        ];

        var read = DnsMessage.Read(Question, answer)!.Value;

        Assert.Equal(DnsMessage.NoError, read.Code);
        Assert.Equal("10.1.2.3", Assert.Single(read.Addresses).ToString());
    }

    [Fact]
    public void A_name_that_does_not_exist_is_told_by_the_code() => Assert.Equal(DnsMessage.NoSuchName, DnsMessage.Read(Question, Reply(0x83, 0))!.Value.Code);

    [Fact]
    public void Nobody_elses_answer_is_taken()
    {
        var other = Reply(0x80, 0);
        other[0] = 0x99;
        var asked = Reply(0x80, 0);
        asked[13] = (byte)'z';

        Assert.Null(DnsMessage.Read(Question, other));
        Assert.Null(DnsMessage.Read(Question, asked));
        Assert.Null(DnsMessage.Read(Question, Question));
    }

    [Fact]
    public void No_bytes_make_it_fail() =>
        Gen.Byte.Array[0, 64].Sample(tail => DnsMessage.Read(Question, [.. Reply(0x80, 3), .. tail]) is null or { Addresses.Count: <= 3 });

    /// <summary>The question back, as a response with a code and so many answers to follow.</summary>
    private static byte[] Reply(byte code, byte answers)
    {
        var reply = Question.ToArray();
        reply[2] |= 0x80;
        reply[3] = code;
        reply[7] = answers;
        return reply;
    }
}
