using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Fairlead.Dns;
using Fairlead.Dns.Server;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Syscalls;
using Fairlead.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.KernelTests.Dns;

/// <summary>The room by TCP with clients that mean ill, or ask much at once. Its time is the test's.</summary>
public sealed class TcpServerTests : IAsyncDisposable
{
    private const string Known = "api.prod.svc.cluster.local";
    private static readonly IPEndPoint Server = new(IPAddress.Parse("127.0.0.53"), 53);
    private readonly DnsRoomLab _lab = new();
    private readonly FakeTimeProvider _time = new();
    private readonly PlayedUpstream _upstream;
    private readonly DnsClient _client;
    private readonly IReadOnlyList<Socket> _held;
    private readonly DnsRoom _room;
    private readonly List<Socket> _clients = [];

    public TcpServerTests()
    {
        _upstream = new PlayedUpstream(_lab.Netns, "127.0.0.9");
        _client = new DnsClient(_lab.Netns, Server);
        _held = _lab.Netns.Run(() => DnsSockets.Bind(IpAddr.From(Server.Address), Server.Port));
        _room = _lab.Run(DnsRoomLab.Tables(), new DnsOptions { Upstreams = [_upstream.EndPoint] }, _time, _held);
    }

    [Fact]
    public async Task Messages_that_drip_are_cut_off_though_each_byte_is_in_time_and_others_are_served()
    {
        for (var i = 0; i < 32; i++)
        {
            await Connect(1).SendAsync((byte[])[16, 0, 0]);
        }

        Assert.Equal("0 .1", DnsClient.Text(await _client.AskByTcpAsync(Known)));
        var ends = Task.WhenAll(_clients.Select(EndOfAsync));
        while (!ends.IsCompleted)
        {
            foreach (var client in _clients)
            {
                await TrySendAsync(client);
            }

            _time.Advance(TcpConnection.MessageTime / 2);
            await Task.Yield();
        }

        await ends;
        Assert.Equal("0 .1", DnsClient.Text(await _client.AskByTcpAsync(Known)));
    }

    [Fact]
    public async Task Ten_thousand_idle_connections_take_little_memory_and_make_room_for_those_that_ask()
    {
        const int Idle = 10_000;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < Idle; i++)
        {
            Connect(1 + (i / 50));
        }

        Assert.Equal("0 .1", DnsClient.Text(await _client.AskByTcpAsync(Known)));
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.Equal(0, _room.Counters.TcpRefused);
        Assert.InRange(_room.Counters.TcpReplaced, Idle + 1 - TcpServer.MaxConnections, Idle + 1);

        // The clients' sockets are in it too, all of them.
        Assert.InRange(grown, 0, 40L << 20);

        // The oldest went, the youngest did not.
        Assert.Equal(0, await _clients[0].ReceiveAsync(new byte[1], SocketFlags.None, Deadline.Token()));
        Assert.Equal("0 .1", DnsClient.Text(await AskAsync(_clients[^1], Known)));
    }

    [Fact]
    public async Task One_address_has_its_share_of_connections_and_no_more()
    {
        for (var i = 0; i < TcpServer.MaxPerClient; i++)
        {
            Assert.Equal("0 .1", DnsClient.Text(await AskAsync(Connect(1), Known)));
        }

        Assert.Equal(0, await Connect(1).ReceiveAsync(new byte[1], SocketFlags.None, Deadline.Token()));
        Assert.Equal("0 .1", DnsClient.Text(await AskAsync(Connect(2), Known)));
        Assert.Equal((1, 0), (_room.Counters.TcpRefused, _room.Counters.TcpReplaced));
    }

    [Fact]
    public async Task A_question_that_waits_for_an_upstream_does_not_hold_back_those_behind_it()
    {
        var client = Connect(1);
        await client.SendAsync((byte[])[.. Framed("slow.test", 1), .. Framed(Known, 2), .. Framed(Known, 3)]);
        Assert.Equal((2, 3), (await IdAsync(client), await IdAsync(client)));
        var asked = await _upstream.NextAsync();

        // Its client will send no more, and yet is told.
        client.Shutdown(SocketShutdown.Send);
        await asked.Answer(asked.Reply(0x8180, "192.0.2.1"));
        Assert.Equal(1, await IdAsync(client));
        Assert.Equal(0, await client.ReceiveAsync(new byte[1], SocketFlags.None, Deadline.Token()));
    }

    [Fact]
    public async Task So_many_questions_of_a_connection_wait_for_upstreams_and_the_next_is_read_when_one_is_answered()
    {
        const int More = 3;
        var client = Connect(1);
        var questions = Enumerable.Range(0, TcpConnection.MaxPending + More).Select(i => Framed($"{i}.test", (ushort)i));
        await client.SendAsync((byte[])[.. questions.SelectMany(one => one), .. Framed(Known, 99)]);
        var asked = new List<Asked>();
        for (var i = 0; i < TcpConnection.MaxPending; i++)
        {
            asked.Add(await _upstream.NextAsync());
        }

        Assert.Equal(TcpConnection.MaxPending, _room.Counters.Forwarded);
        for (var i = 0; i < More; i++)
        {
            await asked[i].Answer(asked[i].Reply(0x8180, "192.0.2.1"));
            asked.Add(await _upstream.NextAsync());
        }

        foreach (var one in asked.Skip(More))
        {
            await one.Answer(one.Reply(0x8180, "192.0.2.1"));
        }

        var ids = new List<int>();
        for (var i = 0; i < TcpConnection.MaxPending + More + 1; i++)
        {
            ids.Add(await IdAsync(client));
        }

        Assert.Equal([.. Enumerable.Range(0, TcpConnection.MaxPending + More), 99], ids.Order());
    }

    [Fact]
    public async Task A_message_in_small_pieces_and_several_in_one_are_all_answered()
    {
        var client = Connect(1);
        byte[] stream = [.. Framed(Known, 1), .. Framed(Known, 2), .. Framed(Known, 3)];
        client.NoDelay = true;
        foreach (var part in stream[..^40])
        {
            await client.SendAsync((byte[])[part]);
        }

        Assert.Equal((1, 2), (await IdAsync(client), await IdAsync(client)));
        await client.SendAsync(stream[^40..]);
        Assert.Equal(3, await IdAsync(client));
    }

    [Fact]
    public async Task A_listener_that_somebody_has_shut_is_tried_ever_less_often()
    {
        var number = new SafeFd((int)_held[1].SafeHandle.DangerousGetHandle());
        using (var shared = new Socket(new SafeSocketHandle(number.Duplicate().Disown(), ownsHandle: true)))
        {
            number.Disown();
            shared.Shutdown(SocketShutdown.Both);
        }

        // From its first try on: the server comes to it when it is its turn.
        var deadline = Deadline.Token();
        while (_room.Counters.Dropped == 0)
        {
            deadline.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        // 10, 20, 40 ... 640 ms and then a second each: 7 and 8 tries in 9270 ms, where a try each 10 ms would be 927.
        for (var i = 0; i < 927; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Yield();
        }

        Assert.InRange(_room.Counters.Dropped, 1, 16);
        Assert.Equal("0 .1", DnsClient.Text(await _client.AskAsync(Known)));
    }

    public async ValueTask DisposeAsync()
    {
        await _lab.DisposeAsync();
        foreach (var socket in _held.Concat(_clients))
        {
            socket.Dispose();
        }

        _client.Dispose();
        _upstream.Dispose();
    }

    private static byte[] Framed(string name, ushort id) => DnsClient.Query(name, id) is var query ? [0, (byte)query.Length, .. query] : [];

    private static async Task<byte[]> AskAsync(Socket client, string name)
    {
        await client.SendAsync(Framed(name, 7));
        return await DnsClient.ReadMessageAsync(client);
    }

    private static async Task<int> IdAsync(Socket client) => BinaryPrimitives.ReadUInt16BigEndian(await DnsClient.ReadMessageAsync(client));

    private static async Task EndOfAsync(Socket client)
    {
        try
        {
            Assert.Equal(0, await client.ReceiveAsync(new byte[1], SocketFlags.None, Deadline.Token()));
        }
        catch (SocketException e)
        {
            // It was closed before it had read all.
            Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
        }
    }

    private static async Task TrySendAsync(Socket client)
    {
        try
        {
            await client.SendAsync((byte[])[0]);
        }
        catch (SocketException e)
        {
            Assert.Contains(e.SocketErrorCode, new[] { SocketError.ConnectionReset, SocketError.Shutdown });
        }
    }

    // From an address of its own: lo has all of 127.0.0.0/8.
    private Socket Connect(int from)
    {
        var socket = _lab.Socket(SocketType.Stream);
        _clients.Add(socket);
        socket.Bind(new IPEndPoint(new IPAddress([127, 1, (byte)(from >> 8), (byte)from]), 0));
        socket.Connect(Server);
        return socket;
    }
}
