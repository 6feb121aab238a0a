using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Text;
using Fairlead.Pods.Streaming.PortForward;
using Fairlead.Testing;

namespace Fairlead.Tests.Pods;

/// <summary>The serving side of SPDY/3.1, with the bytes kubectl 1.32 sends.</summary>
public sealed class SpdyTests
{
    private const string ErrorHeaders =
        "78F9E3C6A7C202253A703A2B294A4DCC851625ACA9A0808614CB45A024CC6461C0C0C0C0590489C44C50E2663400000000FFFF";

    private const string DataHeaders = "826AC51445350C542E25A29A05000000FFFF";

    // In a block that is not compressed, so that it can be sent any number of times.
    private const string NoHeaders = "000400FBFF00000000";

    [Fact]
    public void Headers_of_one_connection_are_one_compressed_stream()
    {
        using var reader = new SpdyHeaderReader();

        var error = reader.Read(Convert.FromHexString(ErrorHeaders));
        var data = reader.Read(Convert.FromHexString(DataHeaders));

        Assert.Equal(new Dictionary<string, string> { ["streamtype"] = "error", ["port"] = "80", ["requestid"] = "0" }, error);
        Assert.Equal(new Dictionary<string, string> { ["streamtype"] = "data", ["port"] = "80", ["requestid"] = "0" }, data);
    }

    [Fact]
    public void Headers_that_blow_up_are_refused()
    {
        using var packed = new MemoryStream();
        packed.Write([0x78, 0xf9, 0xe3, 0xc6, 0xa7, 0xc2]);
        using (var deflate = new DeflateStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            deflate.Write(new byte[SpdyHeaderReader.MostBytes + 1]);
        }

        using var reader = new SpdyHeaderReader();
        Assert.Throws<InvalidDataException>(() => reader.Read(packed.ToArray()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("789c00000000")]
    [InlineData("78f9e3c6a7c200050000ffff0000000100")]
    [InlineData("78f9e3c6a7c20004000bffffffffff0000ffff")]
    public void Headers_that_are_none_are_refused(string hex)
    {
        using var reader = new SpdyHeaderReader();

        Assert.Throws<InvalidDataException>(() => reader.Read(Convert.FromHexString(hex)));
    }

    [Fact]
    public async Task A_stream_is_answered_and_carries_bytes_both_ways()
    {
        var accepted = new TaskCompletionSource<SpdyStream>();
        await using var client = new Client(accepted.TrySetResult);
        await client.SendAsync([.. Syn(1, ErrorHeaders), .. Data(1, "ask", last: true), .. Data(1, "more", last: true)]);
        Assert.Equal("00000001", Convert.ToHexString(await client.ReadAsync())[..8]);
        Assert.Equal(SpdyFrameType.SynReply, client.Last.Type);

        var stream = await accepted.Task;
        var asked = await stream.Input.ReadAtLeastAsync(4, Deadline.Token());
        await stream.WriteAsync("answer"u8.ToArray(), Deadline.Token());
        Assert.Equal("answer", Encoding.ASCII.GetString(await client.ReadAsync()));
        Assert.Equal((SpdyFrameType.Data, 1u, false), (client.Last.Type, client.Last.Stream, client.Last.IsLast));
        await stream.CloseAsync(Deadline.Token());
        Assert.Empty(await client.ReadAsync());

        Assert.True(client.Last.IsLast);
        Assert.Equal(("ask", true), (Encoding.ASCII.GetString(asked.Buffer), asked.IsCompleted));
    }

    [Fact]
    public async Task A_ping_comes_back_and_a_reset_breaks_the_reading()
    {
        var accepted = new TaskCompletionSource<SpdyStream>();
        await using var client = new Client(accepted.TrySetResult);
        await client.SendAsync([.. Convert.FromHexString("8003000600000004" + "00000007"), .. Syn(1, ErrorHeaders), .. Convert.FromHexString("8003000300000008" + "00000001" + "00000005")]);

        Assert.Equal("00000007", Convert.ToHexString(await client.ReadAsync()));
        Assert.Equal(SpdyFrameType.Ping, client.Last.Type);
        await client.ReadAsync();
        var stream = await accepted.Task;
        await Assert.ThrowsAsync<IOException>(async () => await stream.Input.ReadAsync(Deadline.Token()));
    }

    [Fact]
    public async Task What_is_not_accepted_is_reset_and_the_connection_goes_on()
    {
        await using var client = new Client(stream => stream.Headers["streamtype"] == "data");
        await client.SendAsync([.. Syn(1, ErrorHeaders), .. Syn(3, DataHeaders)]);

        await client.ReadAsync();
        Assert.Equal("0000000100000001", Convert.ToHexString(await client.ReadAsync()));
        Assert.Equal(SpdyFrameType.RstStream, client.Last.Type);
        Assert.Equal("00000003", Convert.ToHexString(await client.ReadAsync())[..8]);
        Assert.Equal(SpdyFrameType.SynReply, client.Last.Type);
    }

    [Theory]
    [InlineData("8002000100000000")]
    [InlineData("8003000000000000")]
    [InlineData("80030001000000020000")]
    [InlineData("80030006000FFFFF")]
    public async Task Frames_that_are_none_end_the_connection(string hex)
    {
        await using var client = new Client(_ => true);
        await client.SendAsync(Convert.FromHexString(hex));

        await Assert.ThrowsAsync<InvalidDataException>(() => client.Serving);
    }

    [Fact]
    public async Task A_stream_opened_twice_or_by_the_wrong_side_ends_the_connection()
    {
        await using (var twice = new Client(_ => true))
        {
            await twice.SendAsync([.. Syn(1, ErrorHeaders), .. Syn(1, DataHeaders)]);
            await Assert.ThrowsAsync<InvalidDataException>(() => twice.Serving);
        }

        await using var even = new Client(_ => true);
        await even.SendAsync(Syn(2, ErrorHeaders));
        await Assert.ThrowsAsync<InvalidDataException>(() => even.Serving);
    }

    [Fact]
    public async Task No_more_streams_are_open_at_once_than_the_limit()
    {
        await using var client = new Client(_ => true);
        for (var index = 0; index < SpdySession.MostStreams; index++)
        {
            await client.SendAsync(Syn((2 * index) + 1, index == 0 ? ErrorHeaders : NoHeaders));
            await client.ReadAsync();
            Assert.Equal(SpdyFrameType.SynReply, client.Last.Type);
        }

        await client.SendAsync(Syn((2 * SpdySession.MostStreams) + 1, NoHeaders));
        await client.ReadAsync();
        Assert.Equal(SpdyFrameType.RstStream, client.Last.Type);
    }

    private static byte[] Syn(int id, string headers)
    {
        var body = new byte[10];
        BinaryPrimitives.WriteInt32BigEndian(body, id);
        return [.. Head(0x8003_0001, false, body.Length + (headers.Length / 2)), .. body, .. Convert.FromHexString(headers)];
    }

    private static byte[] Data(int id, string text, bool last) => [.. Head((uint)id, last, text.Length), .. Encoding.ASCII.GetBytes(text)];

    private static byte[] Head(uint first, bool last, int length)
    {
        var head = new byte[SpdyFrame.HeadLength];
        BinaryPrimitives.WriteUInt32BigEndian(head, first);
        BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(4), length | (last ? 1 << 24 : 0));
        return head;
    }

    /// <summary>The other end of a session.</summary>
    private sealed class Client : IAsyncDisposable
    {
        private readonly Pipe _up = new();
        private readonly Pipe _down = new();
        private readonly SpdySession _session;

        public Client(Func<SpdyStream, bool> accept)
        {
            _session = new SpdySession(new Duplex(_up.Reader.AsStream(), _down.Writer.AsStream()), accept);
            Serving = _session.RunAsync(Deadline.Token());
        }

        public Task Serving { get; }

        /// <summary>The head of the frame read last.</summary>
        public SpdyFrame Last { get; private set; }

        public async Task SendAsync(byte[] bytes) => await _up.Writer.WriteAsync(bytes);

        /// <summary>Reads a frame and returns what follows its head.</summary>
        public async Task<byte[]> ReadAsync()
        {
            var stream = _down.Reader.AsStream(leaveOpen: true);
            var head = new byte[SpdyFrame.HeadLength];
            await stream.ReadExactlyAsync(head, Deadline.Token());
            Last = SpdyFrame.Parse(head);
            var body = new byte[Last.Length];
            await stream.ReadExactlyAsync(body, Deadline.Token());
            return body;
        }

        public async ValueTask DisposeAsync()
        {
            await _up.Writer.CompleteAsync();
            await Serving.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            _session.Dispose();
        }
    }

    private sealed class Duplex(Stream input, Stream output) : Stream
    {
        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => input.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => output.WriteAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);

        public override void Flush() => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
