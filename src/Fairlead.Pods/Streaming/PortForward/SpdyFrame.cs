using System.Buffers.Binary;

namespace Fairlead.Pods.Streaming.PortForward;

/// <summary>Types of control frames (SPDY/3.1 §2.6); 0 is none of them but a frame of data.</summary>
internal enum SpdyFrameType
{
    Data = 0,
    SynStream = 1,
    SynReply = 2,
    RstStream = 3,
    Ping = 6,
    GoAway = 7,
    Headers = 8,
}

/// <summary>The head of a frame (SPDY/3.1 §2.2).</summary>
/// <param name="Type">What it is.</param>
/// <param name="Stream">Of data: its stream; else 0.</param>
/// <param name="IsLast">The sender sends nothing more on the stream.</param>
/// <param name="Length">Bytes that follow, less than 2²⁴.</param>
internal readonly record struct SpdyFrame(SpdyFrameType Type, uint Stream, bool IsLast, int Length)
{
    /// <summary>Length of the head in bytes.</summary>
    internal const int HeadLength = 8;

    private const uint Control = 0x8000_0000;
    private const uint Version3 = 0x8003_0000;
    private const uint Fin = 0x0100_0000;

    /// <exception cref="InvalidDataException">A control frame of another version.</exception>
    internal static SpdyFrame Parse(ReadOnlySpan<byte> head)
    {
        var (first, second) = (BinaryPrimitives.ReadUInt32BigEndian(head), BinaryPrimitives.ReadUInt32BigEndian(head[4..]));
        var (isLast, length) = ((second & Fin) != 0, (int)(second & 0xff_ffff));
        if ((first & Control) == 0)
        {
            return new SpdyFrame(SpdyFrameType.Data, first, isLast, length);
        }

        return (first & 0xffff_0000) == Version3 && (first & 0xffff) != 0
            ? new SpdyFrame((SpdyFrameType)(first & 0xffff), 0, isLast, length)
            : throw new InvalidDataException("not a frame of SPDY/3");
    }

    internal void Write(Span<byte> head)
    {
        BinaryPrimitives.WriteUInt32BigEndian(head, Type == SpdyFrameType.Data ? Stream : Version3 | (uint)Type);
        BinaryPrimitives.WriteUInt32BigEndian(head[4..], (IsLast ? Fin : 0) | (uint)Length);
    }
}
