using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Fairlead.Demo;

/// <summary>
/// The least a resolver must know of DNS messages (RFC 1035 §4). Not the server's own code, on purpose: a mistake in one is seen by the other.
/// </summary>
internal static class DnsMessage
{
    /// <summary>No error.</summary>
    public const int NoError = 0;

    /// <summary>There is no such name.</summary>
    public const int NoSuchName = 3;

    private const int HeaderLength = 12;
    private const int RecursionDesired = 0x01;
    private const int ResponseFlag = 0x80;
    private const int Pointer = 0xC0;
    private const ushort TypeA = 1;
    private const ushort TypeAaaa = 28;
    private const ushort ClassIn = 1;

    /// <summary>A question for the addresses of a name.</summary>
    /// <param name="id">What the answer must carry.</param>
    /// <param name="name">The full name, without a dot at the end; labels of 1 to 63 bytes.</param>
    /// <param name="v6">AAAA instead of A.</param>
    public static byte[] Question(ushort id, string name, bool v6)
    {
        var message = new List<byte> { (byte)(id >> 8), (byte)id, RecursionDesired, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
        foreach (var label in name.Split('.'))
        {
            message.Add((byte)label.Length);
            message.AddRange(Encoding.ASCII.GetBytes(label));
        }

        message.AddRange([0, 0, (byte)(v6 ? TypeAaaa : TypeA), 0, (byte)ClassIn]);
        return [.. message];
    }

    /// <summary>Reads an answer; null when it is none to <paramref name="question"/>, or not well-formed.</summary>
    public static (int Code, IReadOnlyList<IPAddress> Addresses)? Read(ReadOnlySpan<byte> question, ReadOnlySpan<byte> message)
    {
        if (message.Length < question.Length || !message[..2].SequenceEqual(question[..2]) || (message[2] & ResponseFlag) == 0
            || !message[HeaderLength..question.Length].SequenceEqual(question[HeaderLength..]))
        {
            return null;
        }

        var addresses = new List<IPAddress>();
        var at = question.Length;
        for (var left = BinaryPrimitives.ReadUInt16BigEndian(message[6..]); left > 0; left--)
        {
            at = AfterName(message, at);
            if (at < 0 || at + 10 > message.Length)
            {
                return null;
            }

            var type = BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
            int length = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 8)..]);
            at += 10;
            if (at + length > message.Length)
            {
                return null;
            }

            if ((type, length) is (TypeA, 4) or (TypeAaaa, 16))
            {
                addresses.Add(new IPAddress(message.Slice(at, length)));
            }

            at += length;
        }

        return (message[3] & 0x0F, addresses);
    }

    private static int AfterName(ReadOnlySpan<byte> message, int at)
    {
        while (at < message.Length && message[at] != 0)
        {
            if (message[at] >= Pointer)
            {
                return at + 2;
            }

            at += 1 + message[at];
        }

        return at < message.Length ? at + 1 : -1;
    }
}
