using System.Net;
using System.Net.Sockets;
using Fairlead.Cluster.Model;
using Fairlead.Dns;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;
using Fairlead.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.KernelTests.Dns;

/// <summary>A pod's names completed beyond the cluster's zone: what the upstream, which the test plays, is asked, and what the pod hears.</summary>
public sealed class AutopathUpstreamTests : IAsyncDisposable
{
    private const string Path = ".prod.svc.cluster.local";
    private const string Denied = "NXDOMAIN: cluster.local. SOA";
    private readonly DnsRoomLab _lab = new();
    private readonly PlayedUpstream _upstream;
    private readonly FakeTimeProvider _time = new();
    private readonly List<string> _asked = [];
    private readonly Socket _pod;

    public AutopathUpstreamTests()
    {
        _upstream = new PlayedUpstream(_lab.Netns, "127.0.0.9");
        _pod = _lab.Socket(SocketType.Dgram);
        _pod.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.7"), 0));
        var tables = DnsRoomLab.Tables();
        var pod = new ObjectKey("prod", "client");
        tables.Pods.Upsert(pod, new PodRow { Key = pod, Uid = "1", NodeName = "n1", IPs = [IpAddr.Parse("127.0.0.7")], DnsSearches = ["own.example"] });
        _lab.Start(tables, new DnsOptions { NodeName = "n1", HostSearches = ["corp.example"], Upstreams = [_upstream.EndPoint] }, _time);
    }

    [Theory]
    [InlineData("db", "db.corp.example", "db.corp.example", "NOERROR: db.prod.svc.cluster.local. CNAME, db.corp.example. A")]
    [InlineData("db", "db.own.example", "db.corp.example db.own.example", "NOERROR: db.prod.svc.cluster.local. CNAME, db.own.example. A")]
    [InlineData("www.example.com", "www.example.com", "www.example.com.corp.example www.example.com.own.example www.example.com",
        "NOERROR: www.example.com.prod.svc.cluster.local. CNAME, www.example.com. A")]
    [InlineData("db", "none", "db.corp.example db.own.example", Denied)] // a name of one label is not asked as it stands
    [InlineData("www.example.com", "none", "www.example.com.corp.example www.example.com.own.example www.example.com", Denied)]
    [InlineData("failing.example.com", "none", "failing.example.com.corp.example", Denied)]
    public async Task The_first_name_that_exists_is_the_answer_and_without_one_the_first_reply_stands(string name, string exists, string asked, string heard)
    {
        _ = PlayAsync(exists);
        Assert.Equal(heard, await AskAsync(name + Path));
        Assert.Equal(asked, string.Join(' ', _asked.Distinct()));
    }

    [Fact]
    public async Task A_silent_upstream_holds_nobody_up_for_longer_than_two_seconds()
    {
        var heard = AskAsync("www.example.com" + Path);
        await _upstream.NextAsync();
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(Denied, await heard);
    }

    [Fact]
    public async Task Other_clients_are_told_what_is_so_at_once()
    {
        using var other = _lab.Socket(SocketType.Dgram);
        other.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.8"), 0));
        Assert.Equal(Denied, await AskAsync("www.example.com" + Path, other));
    }

    public async ValueTask DisposeAsync()
    {
        await _lab.DisposeAsync();
        _pod.Dispose();
        _upstream.Dispose();
    }

    private async Task PlayAsync(string exists)
    {
        while (true)
        {
            var asked = await _upstream.NextAsync();
            var name = Name(asked.Query, DnsHeader.Length).TrimEnd('.').ToLowerInvariant();
            _asked.Add(name);
            await asked.Answer(name == exists ? asked.Reply(0x8180, "192.0.2.5") : asked.Reply(name.StartsWith("failing", StringComparison.Ordinal) ? 0x8182 : 0x8183));
        }
    }

    private Task<string> AskAsync(string name) => AskAsync(name, _pod);

    private static async Task<string> AskAsync(string name, Socket socket)
    {
        await socket.SendToAsync(DnsQuery.Write(DnsName.Encode(name), RecordType.A, DnsHeader.RecursionDesiredFlag), new IPEndPoint(IPAddress.Parse("10.96.0.10"), 53));
        var reply = new byte[512];
        var length = await socket.ReceiveAsync(reply, SocketFlags.None, Deadline.Token());
        return Text(reply[..length]);
    }

    private static string Text(byte[] reply)
    {
        Assert.True(DnsHeader.TryRead(reply, out var header));
        var reader = new DnsReader(reply);
        Assert.True(reader.TrySkipName() && reader.TryReadTypeAndClass(out _, out _));
        List<string> records = [];
        while (records.Count < header.Records && reader.TryReadRecord(out var record))
        {
            records.Add($"{Name(reply, record.Start)} {record.Type}");
        }

        return $"{header.Code.ToString().ToUpperInvariant()}: {string.Join(", ", records)}";
    }

    private static string Name(byte[] packet, int at)
    {
        Span<byte> name = stackalloc byte[DnsReader.MaxName];
        Assert.True(DnsReader.TryReadNameAt(packet, at, name, out var length, out _));
        return DnsName.Decode(name[..length]);
    }
}
