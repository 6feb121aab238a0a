using System.Buffers.Binary;

namespace Fairlead.Pods.Streaming.PortForward;

/// <summary>A block of a deflate stream that is not compressed (RFC 1951 §3.2.4).</summary>
internal static class StoredBlock
{
    /// <summary>What comes before <paramref name="length"/> bytes, 0 to 65535: "not the last", the length, and its complement.</summary>
    internal static byte[] Head(int length)
    {
        var head = new byte[5];
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(1), (ushort)length);
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(3), (ushort)~length);
        return head;
    }
}
