using System.Buffers.Binary;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Forward;

/// <summary>What makes two questions the same: the name in any case, the type, and the flags DO, CD and RD. All are of class IN.</summary>
internal static class QuestionKey
{
    /// <summary>Bytes of the longest key.</summary>
    public const int MaxLength = DnsReader.MaxName + 3;

    private const int RecursionDesired = 1;
    private const int CheckingDisabled = 2;
    private const int DnssecOk = 4;

    /// <summary>Writes a question's key into scratch of <see cref="MaxLength"/> bytes.</summary>
    public static ReadOnlySpan<byte> Write(ForwardQuestion question, Span<byte> buffer)
    {
        var length = question.Name.Length;
        DnsName.ToLower(question.Name, buffer);
        BinaryPrimitives.WriteUInt16BigEndian(buffer[length..], (ushort)question.Type);
        buffer[length + 2] = (byte)(((question.Flags & DnsHeader.RecursionDesiredFlag) != 0 ? RecursionDesired : 0)
            | ((question.Flags & DnsHeader.CheckingDisabledFlag) != 0 ? CheckingDisabled : 0)
            | (question.DnssecOk ? DnssecOk : 0));
        return buffer[..(length + 3)];
    }
}
