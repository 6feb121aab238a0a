using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fairlead.Linux.Netlink;

/// <summary>Turns one message of an answer into a value; null leaves it out.</summary>
/// <typeparam name="T">What is made of it.</typeparam>
public delegate T? NetlinkParser<T>(NetlinkMessage message)
    where T : class;

/// <summary>One netlink message, header checked, within the buffer it was received in.</summary>
public readonly ref struct NetlinkMessage
{
    internal const ushort TypeError = 2;
    internal const ushort TypeDone = 3;
    internal const ushort TypeOverrun = 4;

    private readonly ReadOnlySpan<byte> _bytes;

    internal NetlinkMessage(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>nlmsg_type.</summary>
    public ushort Type => MemoryMarshal.Read<ushort>(_bytes[4..]);

    /// <summary>nlmsg_flags.</summary>
    public NetlinkFlags Flags => (NetlinkFlags)MemoryMarshal.Read<ushort>(_bytes[6..]);

    /// <summary>nlmsg_seq: the request this answers; 0 for events.</summary>
    public uint Sequence => MemoryMarshal.Read<uint>(_bytes[8..]);

    /// <summary>nlmsg_pid: the socket this answers.</summary>
    public uint PortId => MemoryMarshal.Read<uint>(_bytes[12..]);

    /// <summary>What follows the netlink header.</summary>
    public ReadOnlySpan<byte> Payload => _bytes[NetlinkWriter.HeaderSize..];

    /// <summary>Reads the family's fixed header (struct rtmsg, nfgenmsg, …).</summary>
    /// <exception cref="InvalidDataException">The message is shorter than that.</exception>
    public T Header<T>()
        where T : unmanaged
    {
        var size = Unsafe.SizeOf<T>();
        return Payload.Length >= size
            ? MemoryMarshal.Read<T>(Payload)
            : throw new InvalidDataException($"netlink: message of type {Type} has {Payload.Length} bytes where {typeof(T).Name} needs {size}");
    }

    /// <summary>The attributes that follow a fixed header.</summary>
    /// <exception cref="InvalidDataException">The message is shorter than that header.</exception>
    public NetlinkAttributes Attributes<T>()
        where T : unmanaged
    {
        var size = (Unsafe.SizeOf<T>() + 3) & ~3;
        return Payload.Length >= size
            ? new NetlinkAttributes(Payload[size..])
            : throw new InvalidDataException($"netlink: message of type {Type} has {Payload.Length} bytes where {typeof(T).Name} needs {size}");
    }
}
