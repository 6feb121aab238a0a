using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Fairlead.Linux.Addresses;

namespace Fairlead.Linux.Netlink;

/// <summary>
/// Writes netlink messages one after another into a pooled buffer that grows. Lengths and padding are kept right by this class; sequence numbers
/// are the socket's. A message is closed by the next <see cref="Begin"/> or by reading <see cref="Written"/>. One thread at a time.
/// </summary>
public sealed class NetlinkWriter : IDisposable
{
    /// <summary>Size of struct nlmsghdr.</summary>
    internal const int HeaderSize = 16;

    private const int MaxSize = 256 * 1024 * 1024;

    // The pool keeps what it is given, and grows with each doubling: what only a first load of a large table needs goes back to the system instead.
    private const int MaxPooled = 1024 * 1024;

    private byte[] _buffer;
    private int _length;
    private int _message = -1;

    /// <summary>Creates an empty writer.</summary>
    /// <param name="capacity">Bytes to begin with.</param>
    public NetlinkWriter(int capacity = 4096) => _buffer = ArrayPool<byte>.Shared.Rent(capacity);

    /// <summary>Number of messages begun.</summary>
    public int MessageCount { get; private set; }

    /// <summary>Bytes written so far.</summary>
    public int Length => _length;

    /// <summary>Everything written, as complete messages.</summary>
    public ReadOnlySpan<byte> Written => MutableWritten;

    internal Span<byte> MutableWritten
    {
        get
        {
            Close();
            return _buffer.AsSpan(0, _length);
        }
    }

    /// <summary>Forgets everything written and keeps the buffer.</summary>
    public void Clear()
    {
        _length = 0;
        _message = -1;
        MessageCount = 0;
    }

    /// <summary>Begins a message. <see cref="NetlinkFlags.Request"/> is always added.</summary>
    public void Begin(ushort type, NetlinkFlags flags)
    {
        Close();
        _message = _length;
        MessageCount++;
        var header = Take(HeaderSize);
        header.Clear();
        MemoryMarshal.Write(header[4..], type);
        MemoryMarshal.Write(header[6..], (ushort)(flags | NetlinkFlags.Request));
    }

    /// <summary>Appends the fixed header of a family (struct rtmsg, nfgenmsg, …), padded to 4 bytes.</summary>
    public void Header<T>(in T value)
        where T : unmanaged
    {
        var size = Marshal.SizeOf<T>();
        MemoryMarshal.Write(Take(size), in value);
        Pad(size);
    }

    /// <summary>An attribute with any bytes.</summary>
    public void Bytes(ushort type, ReadOnlySpan<byte> value)
    {
        value.CopyTo(Attribute(type, value.Length));
        Pad(value.Length);
    }

    /// <summary>An attribute without a value.</summary>
    public void Flag(ushort type) => Attribute(type, 0);

    /// <summary>An attribute of one byte.</summary>
    public void U8(ushort type, byte value)
    {
        Attribute(type, 1)[0] = value;
        Pad(1);
    }

    /// <summary>A 16-bit attribute in the machine's order.</summary>
    public void U16(ushort type, ushort value)
    {
        MemoryMarshal.Write(Attribute(type, 2), value);
        Pad(2);
    }

    /// <summary>A 16-bit attribute in network order.</summary>
    public void U16Be(ushort type, ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(Attribute(type, 2), value);
        Pad(2);
    }

    /// <summary>A 32-bit attribute in the machine's order.</summary>
    public void U32(ushort type, uint value) => MemoryMarshal.Write(Attribute(type, 4), value);

    /// <summary>A 32-bit attribute in network order.</summary>
    public void U32Be(ushort type, uint value) => BinaryPrimitives.WriteUInt32BigEndian(Attribute(type, 4), value);

    /// <summary>A 64-bit attribute in the machine's order.</summary>
    public void U64(ushort type, ulong value) => MemoryMarshal.Write(Attribute(type, 8), value);

    /// <summary>A 64-bit attribute in network order.</summary>
    public void U64Be(ushort type, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Attribute(type, 8), value);

    /// <summary>Text in UTF-8 with the terminating zero the kernel wants.</summary>
    public void Text(ushort type, string value)
    {
        var size = Encoding.UTF8.GetByteCount(value) + 1;
        var target = Attribute(type, size);
        Encoding.UTF8.GetBytes(value, target);
        target[size - 1] = 0;
        Pad(size);
    }

    /// <summary>An address in network order, 4 or 16 bytes.</summary>
    public void Address(ushort type, IpAddr value) => value.WriteBytes(Attribute(type, value.Family.Bytes));

    /// <summary>Begins an attribute that holds attributes; the kernel's NLA_F_NESTED is set.</summary>
    /// <returns>A mark for <see cref="EndNested"/>.</returns>
    public int BeginNested(ushort type)
    {
        var mark = _length;
        Attribute((ushort)(type | NetlinkAttribute.NestedFlag), 0);
        return mark;
    }

    /// <summary>As <see cref="BeginNested"/>, with a fixed struct before the nested attributes (such as struct ifinfomsg in VETH_INFO_PEER).</summary>
    public int BeginNested<T>(ushort type, in T header)
        where T : unmanaged
    {
        var mark = BeginNested(type);
        Header(in header);
        return mark;
    }

    /// <summary>Ends the attribute that began at <paramref name="mark"/>.</summary>
    public void EndNested(int mark)
    {
        var size = _length - mark;
        if (size > ushort.MaxValue)
        {
            throw new InvalidOperationException($"a netlink attribute holds at most {ushort.MaxValue} bytes, not {size}");
        }

        MemoryMarshal.Write(_buffer.AsSpan(mark), (ushort)size);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Return(Interlocked.Exchange(ref _buffer, []));
        Clear();
    }

    private Span<byte> Attribute(ushort type, int size)
    {
        if (size > ushort.MaxValue - 4)
        {
            throw new ArgumentOutOfRangeException(nameof(size), $"a netlink attribute holds at most {ushort.MaxValue - 4} bytes, not {size}");
        }

        var span = Take(4 + size);
        MemoryMarshal.Write(span, (ushort)(4 + size));
        MemoryMarshal.Write(span[2..], type);
        return span[4..];
    }

    private Span<byte> Take(int size)
    {
        if (_buffer.Length - _length < size)
        {
            Grow(size);
        }

        var span = _buffer.AsSpan(_length, size);
        _length += size;
        return span;
    }

    private void Pad(int size)
    {
        var padding = -size & 3;
        if (padding > 0)
        {
            Take(padding).Clear();
        }
    }

    private void Grow(int size)
    {
        ObjectDisposedException.ThrowIf(_buffer.Length == 0, this);
        var wanted = Math.Max(_buffer.Length * 2L, (long)_length + size);
        if (wanted > MaxSize)
        {
            throw new InvalidOperationException($"a netlink request holds at most {MaxSize} bytes");
        }

        var larger = wanted <= MaxPooled ? ArrayPool<byte>.Shared.Rent((int)wanted) : new byte[wanted];
        _buffer.AsSpan(0, _length).CopyTo(larger);
        Return(_buffer);
        _buffer = larger;
    }

    private static void Return(byte[] buffer)
    {
        if (buffer.Length is > 0 and <= MaxPooled)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Close()
    {
        if (_message >= 0)
        {
            MemoryMarshal.Write(_buffer.AsSpan(_message), _length - _message);
            _message = -1;
        }
    }
}
