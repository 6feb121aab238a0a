using CsCheck;
using Fairlead.Cluster.Model;
using Fairlead.Cni.Ipam;
using Fairlead.Cni.Plugin;
using Fairlead.Linux.Addresses;
using Fairlead.State;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Cni;

public sealed class AddressPoolTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("fl-ipam").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("10.244.1.0/24", "10.244.1.2", "10.244.1.254", 253)]
    [InlineData("10.244.1.0/29", "10.244.1.2", "10.244.1.6", 5)]
    [InlineData("10.244.1.8/30", "10.244.1.10", "10.244.1.10", 1)]
    [InlineData("10.244.1.8/31", "10.244.1.8", "10.244.1.9", 2)]
    [InlineData("10.244.1.8/32", "10.244.1.8", "10.244.1.8", 1)]
    [InlineData("fd00::/125", "fd00::2", "fd00::7", 6)]
    public void Network_gateway_and_broadcast_are_nobodys(string range, string first, string last, int count)
    {
        var pool = Pool(range);
        var all = Enumerable.Range(0, count).Select(_ => pool.Allocate().Single()).ToList();
        Assert.Equal(first, all[0].ToString());
        Assert.Equal(last, all[^1].ToString());
        Assert.Equal(count, all.Distinct().Count());
        Assert.Empty(pool.Allocate());
    }

    [Fact]
    public void An_address_given_back_is_the_last_to_be_given_again()
    {
        var pool = Pool("10.0.0.0/29");
        var first = pool.Allocate().Single();
        pool.Release(first);
        var others = Enumerable.Range(0, 4).Select(_ => pool.Allocate().Single()).ToList();
        Assert.DoesNotContain(first, others);
        Assert.Equal(first, pool.Allocate().Single());
    }

    [Fact]
    public void Both_families_or_neither()
    {
        var pool = Pool("10.0.0.8/31", "fd00::/64");
        Assert.Equal(["10.0.0.8", "fd00::2"], pool.Allocate().Select(ip => ip.ToString()));
        Assert.Equal(["10.0.0.9", "fd00::3"], pool.Allocate().Select(ip => ip.ToString()));
        Assert.Empty(pool.Allocate());
        Assert.Equal(4, pool.Used);
    }

    [Fact]
    public void A_range_of_a_whole_64_is_not_walked() => Assert.Equal("fd00::2", Pool("fd00::/64").Allocate().Single().ToString());

    [Fact]
    public void No_address_is_ever_held_twice_whatever_happens_and_across_restarts() =>
        Gen.Int[0, 9].Array[0, 60].Sample(
            steps =>
            {
                var directory = Directory.CreateDirectory(Path.Combine(_directory, Guid.NewGuid().ToString())).FullName;
                var book = Open(directory);
                var model = new Dictionary<string, string>();
                for (var i = 0; i < steps.Length; i++)
                {
                    book = Step(book, model, steps[i], i, directory);
                    var held = book.All.SelectMany(one => one.Row.IPs).ToList();
                    if (held.Distinct().Count() != held.Count || held.Count != book.UsedAddresses
                        || !book.All.ToDictionary(one => one.Key, one => string.Join(' ', one.Row.IPs)).OrderBy(one => one.Key).SequenceEqual(model.OrderBy(one => one.Key)))
                    {
                        return false;
                    }
                }

                return true;
            },
            iter: 200);

    [Fact]
    public void The_round_goes_on_after_a_restart()
    {
        var book = Open(_directory);
        var first = book.Reserve(Row("a"), default);
        book.Release(first.Key);
        book = Open(_directory);
        Assert.NotEqual(first.Row.IPs, book.Reserve(Row("b"), default).Row.IPs);
    }

    [Fact]
    public void A_full_range_says_so()
    {
        var book = Open(_directory);
        book.Ranges = [IpNet.Parse("10.0.0.4/32")];
        book.Reserve(Row("a"), default);
        var error = Assert.Throws<CniException>(() => book.Reserve(Row("b"), default));
        Assert.Equal(CniErrorCode.NoAddressLeft, error.Code);
        Assert.Contains("10.0.0.4/32", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_attachment_of_one_key_is_refused_and_takes_no_address()
    {
        var book = Open(_directory);
        book.Reserve(Row("a"), default);
        Assert.Equal(CniErrorCode.InterfaceExists, Assert.Throws<CniException>(() => book.Reserve(Row("a"), default)).Code);
        Assert.Equal(2, book.UsedAddresses);
    }

    [Fact]
    public void A_host_port_has_one_pod_but_different_addresses_and_protocols_do_not_collide()
    {
        var book = Open(_directory);
        var node = IpAddr.Parse("172.30.0.11");
        book.Reserve(Row("a"), [new PortMapping(node, IpProtocol.Tcp, 80, 8080)]);
        book.Reserve(Row("b"), [new PortMapping(IpAddr.Parse("172.30.0.12"), IpProtocol.Tcp, 80, 8080)]);
        book.Reserve(Row("c"), [new PortMapping(default, IpProtocol.Udp, 80, 8080)]);
        var error = Assert.Throws<CniException>(() => book.Reserve(Row("d"), [new PortMapping(default, IpProtocol.Tcp, 80, 80)]));
        Assert.Equal(CniErrorCode.HostPortTaken, error.Code);
        Assert.Contains("default/a", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"attachments":[{}]}""")]
    [InlineData("""{"attachments":[{"containerId":"a","ifname":"eth0","ips":["10.0.0.2"]},{"containerId":"b","ifname":"eth0","ips":["10.0.0.2"]}]}""")]
    [InlineData("""{"attachments":[{"containerId":"a","ifname":"eth0","ips":["300.0.0.2"]}]}""")]
    [InlineData("""{"last":{"10.0.0.0/99":"10.0.0.2"}}""")]
    public void A_damaged_book_is_refused_with_its_path_and_a_way_out_while_pods_are_plugged_and_put_aside_when_none_is(string text)
    {
        var path = Path.Combine(_directory, "attachments.json");
        File.WriteAllText(path, text);
        var error = Assert.Throws<InvalidDataException>(() => AttachmentBook.Open(_directory, arePodsPlugged: true, NullLogger.Instance));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("`fairlead agent --cleanup`", error.Message, StringComparison.Ordinal);
        Assert.Equal(text, File.ReadAllText(path));

        var book = Open(_directory);
        Assert.Equal(0, book.UsedAddresses);
        Assert.Equal(text, File.ReadAllText($"{path}.damaged"));
        var first = book.Reserve(Row("a"), default);
        Assert.Equal(first.Row.IPs, Assert.Single(Open(_directory).All).Row.IPs);
    }

    private static AttachmentBook Step(AttachmentBook book, Dictionary<string, string> model, int step, int i, string directory)
    {
        switch (step)
        {
            case < 5:
                try
                {
                    var made = book.Reserve(Row($"c{i}"), [new PortMapping(default, IpProtocol.Tcp, (ushort)(i + 1), 80)]);
                    model[made.Key] = string.Join(' ', made.Row.IPs);
                }
                catch (CniException e) when (e.Code == CniErrorCode.NoAddressLeft && book.All.Count == 13)
                {
                    // 13 usable addresses in the range.
                }

                return book;
            case < 9:
                var key = model.Keys.Order().ElementAtOrDefault(step + i & 7) ?? "none/eth0";
                book.Release(key);
                model.Remove(key);
                return book;
            default:
                return Open(directory);
        }
    }

    private static AddressPool Pool(params string[] ranges) => new() { Ranges = ranges.Select(IpNet.Parse).ToValueArray() };

    private static AttachmentBook Open(string directory)
    {
        var book = AttachmentBook.Open(directory, arePodsPlugged: false, NullLogger.Instance);
        book.Ranges = [IpNet.Parse("10.0.0.0/28"), IpNet.Parse("fd00::/64")];
        return book;
    }

    private static AttachmentRow Row(string container) => new()
    {
        ContainerId = container,
        IfName = "eth0",
        Pod = new ObjectKey("default", container),
        HostInterface = "",
    };
}
