using System.Net;
using Fairlead.Dns.Forward;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Dns;

public sealed class HostResolversTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("resolv").FullName;
    private readonly FakeTimeProvider _time = new();

    [Theory]
    [InlineData("nameserver 192.0.2.1\nnameserver 2001:db8::1\n", "192.0.2.1 2001:db8::1")]
    [InlineData("# a comment\nsearch example.com\nnameserver\t192.0.2.1   # one\r\noptions ndots:5\nnameserver\nnameserver nonsense\n", "192.0.2.1")]
    [InlineData("search example.com\n", "")]
    [InlineData("", "")]
    [InlineData("nameserver 127.0.0.53\noptions edns0\n", "198.51.100.1")]
    [InlineData("nameserver 127.0.0.53\nnameserver 127.0.0.54\n", "198.51.100.1")]
    [InlineData("nameserver 127.0.0.53\nnameserver 192.0.2.1\n", "127.0.0.53 192.0.2.1")]
    [InlineData("nameserver 127.0.0.1\n", "127.0.0.1")]
    public void Servers_are_those_of_resolv_conf_or_those_behind_its_stub(string text, string expected)
    {
        var behind = text.Contains("127.0.0.53", StringComparison.Ordinal) ? "nameserver 198.51.100.1\n" : "";
        Assert.Equal(expected, string.Join(' ', HostResolvers.Choose(text, behind).Select(server => server.Address)));
        Assert.All(HostResolvers.Choose(text, behind), server => Assert.Equal(53, server.Port));
    }

    [Fact]
    public void A_stub_without_servers_behind_it_is_asked_itself() =>
        Assert.Equal([new IPEndPoint(IPAddress.Parse("127.0.0.53"), 53)], HostResolvers.Choose("nameserver 127.0.0.53", ""));

    [Fact]
    public void No_more_than_fifteen_are_taken_and_no_more_than_64_KiB_read()
    {
        Assert.Equal(15, HostResolvers.Choose(string.Concat(Enumerable.Repeat("nameserver 192.0.2.1\n", 100)), "").Count);
        Assert.Empty(Read(new string('#', 1 << 16) + "\nnameserver 192.0.2.1\n"));
        Assert.Null(HostResolvers.Read(Path.Combine(_directory, "missing"), "/nowhere"));
    }

    [Fact]
    public void A_change_is_seen_within_a_second_whether_the_file_is_written_renamed_or_linked_anew()
    {
        var (path, other) = (Path.Combine(_directory, "resolv.conf"), Path.Combine(_directory, "other"));
        File.WriteAllText(path, "nameserver 192.0.2.1\n");
        var upstreams = new HostUpstreams(_time, path, other);
        File.WriteAllText(path, "nameserver 192.0.2.2\n");
        Assert.Equal("192.0.2.1", Now());
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("192.0.2.2", Now());

        File.WriteAllText(other, "nameserver 192.0.2.3\n");
        File.Delete(path);
        File.CreateSymbolicLink(path, other);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("192.0.2.3", Now());
        File.Move(Other("nameserver 192.0.2.4\n"), other, overwrite: true);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("192.0.2.4", Now());

        string Now() => string.Join(' ', upstreams.Current().Select(server => server.Address));
    }

    [Fact]
    public void A_file_that_is_away_changes_nothing_and_one_that_names_none_does()
    {
        var path = Path.Combine(_directory, "resolv.conf");
        var upstreams = new HostUpstreams(_time, path, path);
        Assert.Empty(upstreams.Current());
        File.WriteAllText(path, "nameserver 192.0.2.1\n");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Single(upstreams.Current());
        File.Delete(path);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Single(upstreams.Current());
        File.WriteAllText(path, "# offline\n");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(upstreams.Current());
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private IReadOnlyList<IPEndPoint> Read(string text) => HostResolvers.Read(Other(text), "/nowhere")!;

    private string Other(string text)
    {
        var path = Path.Combine(_directory, Path.GetRandomFileName());
        File.WriteAllText(path, text);
        return path;
    }
}
