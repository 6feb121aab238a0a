using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Fairlead.Linux.Addresses;

namespace Fairlead.Linux.Netlink;

/// <summary>One attribute within the buffer it was received in. The accessors throw <see cref="InvalidDataException"/> when it is too short.</summary>
public readonly ref struct NetlinkAttribute
{
    internal const ushort NestedFlag = 0x8000;
    private const ushort TypeMask = 0x3FFF;
    private readonly ushort _type;

    internal NetlinkAttribute(ushort type, ReadOnlySpan<byte> value)
    {
        _type = type;
        Value = value;
    }

    /// <summary>nla_type without the flags for nesting and byte order.</summary>
    public ushort Type => (ushort)(_type & TypeMask);

    /// <summary>The value without padding.</summary>
    public ReadOnlySpan<byte> Value { get; }

    /// <summary>The attributes this one holds.</summary>
    public NetlinkAttributes Nested => new(Value);

    /// <summary>One byte.</summary>
    public byte U8 => Need(1)[0];

    /// <summary>16 bits in the machine's order.</summary>
    public ushort U16 => MemoryMarshal.Read<ushort>(Need(2));

    /// <summary>16 bits in network order.</summary>
    public ushort U16Be => BinaryPrimitives.ReadUInt16BigEndian(Need(2));

    /// <summary>32 bits in the machine's order.</summary>
    public uint U32 => MemoryMarshal.Read<uint>(Need(4));

    /// <summary>32 bits in network order.</summary>
    public uint U32Be => BinaryPrimitives.ReadUInt32BigEndian(Need(4));

    /// <summary>64 bits in the machine's order.</summary>
    public ulong U64 => MemoryMarshal.Read<ulong>(Need(8));

    /// <summary>64 bits in network order.</summary>
    public ulong U64Be => BinaryPrimitives.ReadUInt64BigEndian(Need(8));

    /// <summary>Text up to the first zero.</summary>
    public string Text
    {
        get
        {
            var end = Value.IndexOf((byte)0);
            return Encoding.UTF8.GetString(end < 0 ? Value : Value[..end]);
        }
    }

    /// <summary>An address of 4 or 16 bytes.</summary>
    public IpAddr Address => Value.Length is 4 or 16
        ? IpAddr.FromBytes(Value)
        : throw new InvalidDataException($"netlink: attribute {Type} has {Value.Length} bytes, not an address");

    private ReadOnlySpan<byte> Need(int size) => Value.Length >= size
        ? Value
        : throw new InvalidDataException($"netlink: attribute {Type} has {Value.Length} bytes where {size} are needed");
}
