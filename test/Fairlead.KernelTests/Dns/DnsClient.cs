using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Fairlead.Dns.Wire;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Dns;

/// <summary>A client in a namespace that sends packets of the test's making.</summary>
internal sealed class DnsClient(TestNetns netns, IPEndPoint server) : IDisposable
{
    private readonly Socket _udp = netns.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));

    /// <summary>Bytes of one query for an address.</summary>
    public static byte[] Query(string name, ushort id = 4711) =>
        [(byte)(id >> 8), (byte)id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, .. DnsName.Encode(name), 0, 1, 0, 1];

    public static async Task<byte[]> ReadMessageAsync(Socket socket)
    {
        var size = await ReadAsync(socket, 2);
        return await ReadAsync(socket, BinaryPrimitives.ReadUInt16BigEndian(size));
    }

    /// <summary>What a reply says: its code, TC, and the last byte of each address.</summary>
    public static string Text(byte[] reply)
    {
        var text = (reply[3] & 15) + ((reply[2] & 2) != 0 ? " TC" : "");
        var reader = new DnsReader(reply);
        Assert.True(reader.TrySkipName() && reader.TryReadTypeAndClass(out _, out _));
        for (var i = 0; i < BinaryPrimitives.ReadUInt16BigEndian(reply.AsSpan(6)); i++)
        {
            Assert.True(reader.TryReadRecord(out var record));
            text += $" .{reply[record.End - 1]}";
        }

        return text;
    }

    public async Task SendAsync(byte[] query) => await _udp.SendToAsync(query, server);

    public async Task<byte[]> ReceiveAsync()
    {
        var buffer = new byte[65535];
        return buffer[..await _udp.ReceiveAsync(buffer, SocketFlags.None, Deadline.Token())];
    }

    /// <summary>Asks by UDP.</summary>
    public async Task<byte[]> AskAsync(string name, ushort id = 4711)
    {
        await SendAsync(Query(name, id));
        return await ReceiveAsync();
    }

    /// <summary>Asks by TCP.</summary>
    public async Task<byte[]> AskByTcpAsync(string name)
    {
        using var tcp = netns.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        await tcp.ConnectAsync(server, Deadline.Token());
        var query = Query(name);
        await tcp.SendAsync((byte[])[0, (byte)query.Length, .. query]);
        return await ReadMessageAsync(tcp);
    }

    public void Dispose() => _udp.Dispose();

    private static async Task<byte[]> ReadAsync(Socket socket, int length)
    {
        var bytes = new byte[length];
        for (var got = 0; got < length;)
        {
            var more = await socket.ReceiveAsync(bytes.AsMemory(got), SocketFlags.None, Deadline.Token());
            Assert.NotEqual(0, more);
            got += more;
        }

        return bytes;
    }
}
