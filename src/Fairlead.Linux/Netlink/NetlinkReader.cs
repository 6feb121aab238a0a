using System.Runtime.InteropServices;

namespace Fairlead.Linux.Netlink;

/// <summary>Walks the messages of one datagram. Every length is checked against what is there before it is used.</summary>
/// <param name="datagram">What one receive gave.</param>
public ref struct NetlinkReader(ReadOnlySpan<byte> datagram)
{
    private ReadOnlySpan<byte> _rest = datagram;

    /// <summary>The message read last.</summary>
    public NetlinkMessage Current { get; private set; }

    /// <summary>Reads the next message; false at the end.</summary>
    /// <exception cref="InvalidDataException">A length goes beyond the datagram.</exception>
    public bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        if (_rest.Length < NetlinkWriter.HeaderSize)
        {
            throw new InvalidDataException($"netlink: {_rest.Length} bytes left where a message header of 16 was expected");
        }

        var length = MemoryMarshal.Read<uint>(_rest);
        if (length < NetlinkWriter.HeaderSize || length > (uint)_rest.Length)
        {
            throw new InvalidDataException($"netlink: message length {length} of {_rest.Length} bytes left");
        }

        Current = new NetlinkMessage(_rest[..(int)length]);
        _rest = _rest[Math.Min((int)((length + 3) & ~3u), _rest.Length)..];
        return true;
    }

    /// <summary>Lets <c>foreach</c> walk the messages.</summary>
    public readonly NetlinkReader GetEnumerator() => this;
}
