using System.Runtime.InteropServices;

namespace Fairlead.Linux.Netlink;

/// <summary>Walks attributes (struct nlattr). Every length is checked against what is there before it is used.</summary>
/// <param name="bytes">Attributes, each padded to 4 bytes.</param>
public ref struct NetlinkAttributes(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>The attribute read last.</summary>
    public NetlinkAttribute Current { get; private set; }

    /// <summary>Reads the next attribute; false at the end.</summary>
    /// <exception cref="InvalidDataException">A length goes beyond the message.</exception>
    public bool MoveNext()
    {
        // Up to three bytes may be left: padding the sender did not cut off.
        if (_rest.Length < 4)
        {
            return false;
        }

        int length = MemoryMarshal.Read<ushort>(_rest);
        if (length < 4 || length > _rest.Length)
        {
            throw new InvalidDataException($"netlink: attribute length {length} of {_rest.Length} bytes left");
        }

        Current = new NetlinkAttribute(MemoryMarshal.Read<ushort>(_rest[2..]), _rest[4..length]);
        _rest = _rest[Math.Min((length + 3) & ~3, _rest.Length)..];
        return true;
    }

    /// <summary>Lets <c>foreach</c> walk the attributes.</summary>
    public readonly NetlinkAttributes GetEnumerator() => this;
}
