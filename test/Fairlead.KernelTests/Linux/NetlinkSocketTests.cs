using Fairlead.Linux;
using Fairlead.Linux.Netlink;
using Fairlead.Linux.Route;

namespace Fairlead.KernelTests.Linux;

public sealed class NetlinkSocketTests
{
    private const ushort RTM_DELLINK = 17;
    private const ushort RTM_GETLINK = 18;
    private const ushort IFLA_IFNAME = 3;

    [Fact]
    public void A_dump_lists_the_loopback_link()
    {
        using var socket = NetlinkSocket.Open(NetlinkProtocol.Route);
        using var request = new NetlinkWriter();
        request.Begin(RTM_GETLINK, NetlinkFlags.Dump);
        request.Header(default(IfInfoMsg));
        var names = socket.Dump(request, "list links", message => Name(message));
        Assert.Contains("lo", names);
    }

    [Fact]
    public void A_refused_message_tells_which_and_why_and_the_socket_stays_usable()
    {
        using var socket = NetlinkSocket.Open(NetlinkProtocol.Route);
        using var request = new NetlinkWriter();
        GetLo(request);
        request.Begin(RTM_DELLINK, NetlinkFlags.Ack);
        request.Header(default(IfInfoMsg));
        request.Text(IFLA_IFNAME, "no-such-link");
        var error = Assert.Throws<NetlinkException>(() => socket.Execute(request, "delete link no-such-link"));
        Assert.Equal(Errno.ENODEV, error.Errno);
        Assert.Equal(1, error.Error.MessageIndex);
        Assert.Contains("delete link no-such-link", error.Message, StringComparison.Ordinal);

        request.Clear();
        GetLo(request);
        Assert.Equal("lo", socket.Get(request, "get lo", message => Name(message)));
    }

    [Fact]
    public void The_kernels_own_words_are_part_of_the_error()
    {
        using var socket = NetlinkSocket.Open(NetlinkProtocol.Route);
        using var request = new NetlinkWriter();
        request.Begin(RTM_GETLINK, NetlinkFlags.Ack);
        request.Header(new IfInfoMsg { Index = 1, Change = 1 });
        var error = Assert.Throws<NetlinkException>(() => socket.Execute(request, "get link"));
        Assert.NotEmpty(error.Error.Text);
        Assert.Contains(error.Error.Text, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Thousands_of_messages_in_one_request_are_each_answered()
    {
        using var socket = NetlinkSocket.Open(NetlinkProtocol.Route);
        using var request = new NetlinkWriter();
        for (var i = 0; i < 20_000; i++)
        {
            request.Begin(RTM_DELLINK, NetlinkFlags.Ack);
            request.Header(default(IfInfoMsg));
            request.Text(IFLA_IFNAME, $"none{i}");
        }

        var errors = socket.Transact(request, "delete links that are not there", null);
        Assert.Equal(Enumerable.Range(0, 20_000), errors.Select(error => error.MessageIndex));
        Assert.All(errors, error => Assert.Equal(Errno.ENODEV, error.Errno));
    }

    private static void GetLo(NetlinkWriter request)
    {
        request.Begin(RTM_GETLINK, NetlinkFlags.Ack);
        request.Header(default(IfInfoMsg));
        request.Text(IFLA_IFNAME, "lo");
    }

    private static string? Name(NetlinkMessage message)
    {
        foreach (var attribute in message.Attributes<IfInfoMsg>())
        {
            if (attribute.Type == IFLA_IFNAME)
            {
                return attribute.Text;
            }
        }

        return null;
    }
}
