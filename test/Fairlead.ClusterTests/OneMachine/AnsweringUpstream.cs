using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>A name server outside of a cluster, by UDP, that knows what it is told and denies all other names.</summary>
internal sealed class AnsweringUpstream : IDisposable
{
    private readonly Socket _socket;
    private readonly CancellationTokenSource _end = new();
    private readonly IReadOnlyDictionary<string, string> _records;

    /// <param name="cluster">Whose outside it is in.</param>
    /// <param name="address">Where it listens, port 53.</param>
    /// <param name="records">Addresses by name, and names by reverse name.</param>
    public AnsweringUpstream(ClusterFixture cluster, string address, IReadOnlyDictionary<string, string> records)
    {
        _records = records;
        _socket = cluster.InOutside(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        _socket.Bind(new IPEndPoint(IPAddress.Parse(address), 53));
        _ = AnswerAsync();
    }

    public void Dispose()
    {
        _end.Cancel();
        _socket.Dispose();
    }

    private async Task AnswerAsync()
    {
        var buffer = new byte[4096];
        while (!_end.IsCancellationRequested)
        {
            var got = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), _end.Token);
            await _socket.SendToAsync(Answer(buffer.AsSpan(0, got.ReceivedBytes)), got.RemoteEndPoint, _end.Token);
        }
    }

    // RFC 1035 §4.1: the question again, and one record or the code 3.
    private byte[] Answer(ReadOnlySpan<byte> query)
    {
        var (name, end) = (new StringBuilder(), 12);
        for (; query[end] != 0; end += query[end] + 1)
        {
            name.Append(end > 12 ? "." : "").Append(Encoding.ASCII.GetString(query.Slice(end + 1, query[end])).ToLowerInvariant());
        }

        var type = BinaryPrimitives.ReadUInt16BigEndian(query[(end + 1)..]);
        byte[] data = _records.TryGetValue(name.ToString(), out var value) ? Data(type, value) : [];
        byte[] answer = [.. query[..2], 0x81, (byte)(value is null ? 0x83 : 0x80), 0, 1, 0, (byte)(data.Length > 0 ? 1 : 0), 0, 0, 0, 0, .. query[12..(end + 5)]];
        return data.Length == 0 ? answer : [.. answer, 0xC0, 12, 0, (byte)type, 0, 1, 0, 0, 0, 60, 0, (byte)data.Length, .. data];
    }

    private static byte[] Data(ushort type, string value) => type switch
    {
        1 when IPAddress.TryParse(value, out var address) => address.GetAddressBytes(),
        12 => [.. value.Split('.').SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]), 0],
        _ => [],
    };
}
