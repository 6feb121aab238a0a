using System.Net;
using System.Net.Sockets;
using System.Text;
using Fairlead.Linux;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Conntrack;
using Fairlead.Linux.Netlink;
using Fairlead.Linux.Nflog;
using Fairlead.Linux.Packets;
using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Kernel;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Transactions;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Linux;

public sealed class NflogTests : IDisposable
{
    private const ushort Group = 77;
    private static readonly Table Own = new("fairlead-nflog");

    private readonly TestNetns _netns = new();
    private readonly KernelNft _nft;

    public NflogTests()
    {
        _nft = _netns.Run(KernelNft.Open);
        Tool.RunIn(_netns, "ip", "link", "set", "lo", "up");
    }

    public void Dispose()
    {
        _nft.Dispose();
        _netns.Dispose();
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task A_logged_packet_is_told_with_prefix_headers_and_no_more_than_was_asked_for(string address)
    {
        using var log = _netns.Run(() => NflogSocket.Open(Group, 64));
        await LogAsync("a test 1f", ProtocolType.Udp);
        var told = await SendAsync(log, address, new byte[1000]);
        var (prefix, headers, length, _) = Assert.Single(told);
        Assert.Equal(("a test 1f", 64), (prefix, length));
        Assert.Equal((IpAddr.Parse(address), IpProtocol.Udp, (ushort)4000), (headers.Destination, headers.Protocol, headers.DestinationPort));
    }

    [Fact]
    public async Task The_destination_before_translation_is_told_where_the_kernel_can()
    {
        await LogAsync("x", ProtocolType.Udp);
        await _nft.CommitAsync(
            new Transaction(Own)
                .Add(new Chain("nat", new BaseChain(ChainType.Nat, Hook.Output, Priority.Dstnat)))
                .Add(new Rule("nat", [Match.Is(Payload.UdpDport, (ushort)4000), Nat.Dnat(IpAddr.Parse("127.0.0.9"))])),
            Deadline.Token());
        using var log = _netns.Run(() => NflogSocket.Open(Group, 64));
        var (_, headers, _, original) = Assert.Single(await SendAsync(log, "127.0.0.1", new byte[1]));
        Assert.Equal(IpAddr.Parse("127.0.0.9"), headers.Destination);
        Assert.Equal(log.TellsConnections ? "127.0.0.1 4000" : "", original is { } asked ? $"{asked.Destination} {asked.DestinationPort}" : "");
    }

    [Fact]
    public async Task What_does_not_fit_the_queue_is_lost_and_the_sequence_tells_how_much()
    {
        await LogAsync("x", ProtocolType.Udp);
        using var log = _netns.Run(() => NflogSocket.Open(Group, ushort.MaxValue));
        using var socket = _netns.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        var large = new byte[60_000];
        for (var i = 0; i < 200; i++)
        {
            await socket.SendToAsync(large, new IPEndPoint(IPAddress.Loopback, 4000), Deadline.Token());
        }

        Assert.True((await log.ReceiveAsync(Deadline.Token())).IsEmpty);
        var (taken, last) = (0, 0u);
        while (last < 200)
        {
            // While the queue is being emptied nothing is added to it: this one is lost too, and told of so, or is the first behind the gap.
            await socket.SendToAsync(new byte[1], new IPEndPoint(IPAddress.Loopback, 4000), Deadline.Token());
            last = Math.Max(last, LastSequence((await log.ReceiveAsync(Deadline.Token())).Span, ref taken));
        }

        Assert.InRange(taken, 1, 199);
    }

    [Fact]
    public void A_group_has_one_listener()
    {
        using var first = _netns.Run(() => NflogSocket.Open(Group, 64));
        var error = Assert.Throws<NetlinkException>(() => _netns.Run(() => NflogSocket.Open(Group, 64)));
        Assert.Equal(Errno.EPERM, error.Errno);
        first.Dispose();
        _netns.Run(() => NflogSocket.Open(Group, 64)).Dispose();
    }

    private async Task LogAsync(string prefix, ProtocolType protocol)
    {
        var output = new Chain("output", new BaseChain(ChainType.Filter, Hook.Output, Priority.Filter));
        await _nft.CommitAsync(
            new Transaction(Own).Add(Own).Add(output).Add(new Rule("output", [Match.Is(Meta.L4Proto, (IpProtocol)protocol), new Log(prefix, Group)])), Deadline.Token());
    }

    private async Task<List<(string Prefix, IpHeaders Headers, int Length, ConntrackTuple? Original)>> SendAsync(NflogSocket log, string address, byte[] data)
    {
        var to = new IPEndPoint(IPAddress.Parse(address), 4000);
        using var socket = _netns.Run(() => new Socket(to.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        await socket.SendToAsync(data, to, Deadline.Token());
        return Read((await log.ReceiveAsync(Deadline.Token())).Span);
    }

    private static List<(string Prefix, IpHeaders Headers, int Length, ConntrackTuple? Original)> Read(ReadOnlySpan<byte> datagram)
    {
        var told = new List<(string, IpHeaders, int, ConntrackTuple?)>();
        foreach (var packet in new NflogReader(datagram))
        {
            Assert.True(IpHeaders.TryRead(packet.Packet, out var headers));
            told.Add((Encoding.ASCII.GetString(packet.Prefix), headers, packet.Packet.Length, packet.HasConnection ? packet.Original : null));
        }

        return told;
    }

    private static uint LastSequence(ReadOnlySpan<byte> datagram, ref int taken)
    {
        var last = 0u;
        foreach (var packet in new NflogReader(datagram))
        {
            (last, taken) = (packet.Sequence, taken + 1);
        }

        return last;
    }
}
