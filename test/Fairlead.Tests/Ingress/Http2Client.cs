using System.Buffers.Binary;
using System.Net.Security;
using System.Text;
using Fairlead.Testing;

namespace Fairlead.Tests.Ingress;

/// <summary>Frames of HTTP/2 (RFC 9113), written by hand, so that they may be wrong.</summary>
internal sealed class Http2Client : IAsyncDisposable
{
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte Reset = 3;
    public const byte Settings = 4;
    public const byte Ping = 6;
    public const byte GoAway = 7;

    private const byte EndStream = 1;
    private const byte EndHeaders = 4;
    private const byte Acknowledges = 1;

    private readonly SslStream _stream;

    private Http2Client(SslStream stream) => _stream = stream;

    public static async Task<Http2Client> ConnectAsync(ListeningLab lab) => await BeginAsync(await lab.ConnectTlsAsync("a.org", SslApplicationProtocol.Http2));

    /// <summary>Begins on a connection that is agreed to be of HTTP/2.</summary>
    public static async Task<Http2Client> BeginAsync(SslStream stream)
    {
        var client = new Http2Client(stream);
        await client._stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), Deadline.Token());
        await client.SendAsync(Frame(Settings, 0, 0, []));
        return client;
    }

    /// <summary>A frame.</summary>
    public static byte[] Frame(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(9));
        return frame;
    }

    /// <summary>A request's fields, as literals without an index (RFC 7541, 6.2.2).</summary>
    public static byte[] Request(int stream, bool ends, params IEnumerable<(string Name, string Value)> fields)
    {
        List<byte> block = [];
        foreach (var (name, value) in fields)
        {
            block.AddRange([0, (byte)name.Length, .. Encoding.Latin1.GetBytes(name), (byte)value.Length, .. Encoding.Latin1.GetBytes(value)]);
        }

        return Frame(Headers, (byte)(EndHeaders | (ends ? EndStream : 0)), stream, [.. block]);
    }

    public static byte[] Body(int stream, string text) => Frame(Data, EndStream, stream, Encoding.Latin1.GetBytes(text));

    public static byte[] ResetStream(int stream) => Frame(Reset, 0, stream, [0, 0, 0, 8]);

    public Task SendAsync(byte[] frames) => _stream.WriteAsync(frames, Deadline.Token()).AsTask();

    /// <summary>What becomes of the first stream, or of the connection: <c>200</c> and what was answered, <c>RESET 1</c>, <c>GOAWAY 1</c>.</summary>
    public async Task<string> OutcomeAsync()
    {
        var status = "";
        while (await ReadAsync() is var (type, flags, payload))
        {
            switch (type)
            {
                case Reset:
                    return $"RESET {BinaryPrimitives.ReadInt32BigEndian(payload)}";
                case GoAway:
                    return $"GOAWAY {BinaryPrimitives.ReadInt32BigEndian(payload.AsSpan(4))}";
                case Headers when status.Length == 0:
                    // Of the static table: 8 is 200, 12 is 400; a size update of the dynamic table may come before.
                    status = payload.SkipWhile(one => (one & 0xE0) == 0x20).First() switch { 0x88 => "200", 0x8c => "400", var other => $"field {other:x2}" };
                    if ((flags & EndStream) != 0)
                    {
                        return status;
                    }

                    break;
                case Data when (flags & EndStream) != 0 || payload.Length > 0:
                    return $"{status} {Encoding.Latin1.GetString(payload).ReplaceLineEndings("|")}";
            }
        }

        return "end";
    }

    /// <summary>Sends frames and waits until the server has read them all: the codes of the streams that it reset meanwhile, and whether it ended the connection.</summary>
    public async Task<(IReadOnlyList<int> Resets, bool Ended)> SettleAsync(byte[] frames)
    {
        List<int> resets = [];
        try
        {
            await SendAsync([.. frames, .. Frame(Ping, 0, 0, new byte[8])]);
            while (await ReadAsync() is var (type, flags, payload))
            {
                switch (type)
                {
                    case Reset:
                        resets.Add(BinaryPrimitives.ReadInt32BigEndian(payload));
                        break;
                    case Ping when (flags & Acknowledges) != 0:
                        return (resets, false);
                    case GoAway:
                        return (resets, true);
                }
            }
        }
        catch (IOException)
        {
            // It hung up without a word, or before its last one was read.
            return (resets, true);
        }

        return (resets, true);
    }

    private async Task<(byte Type, byte Flags, byte[] Payload)?> ReadAsync()
    {
        var head = new byte[9];
        if (await _stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, Deadline.Token()) < head.Length)
        {
            return null;
        }

        var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(head) >> 8];
        await _stream.ReadExactlyAsync(payload, Deadline.Token());
        return (head[3], head[4], payload);
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();
}
