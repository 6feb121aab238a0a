using System.Net;
using System.Net.Sockets;
using Fairlead.Linux;
using Fairlead.Linux.Namespaces;

namespace Fairlead.KernelTests.Linux;

public sealed class NamespaceTests
{
    private const string OwnNet = "/proc/thread-self/ns/net";

    [Fact]
    public void Code_runs_inside_and_the_caller_stays_outside()
    {
        using var netns = NetNamespace.Create();
        var outside = new FileInfo(OwnNet).LinkTarget;
        var inside = netns.Run(() => new FileInfo(OwnNet).LinkTarget);
        Assert.NotEqual(outside, inside);
        Assert.Equal(inside, netns.Run(() => new FileInfo(OwnNet).LinkTarget));
        Assert.Equal(outside, new FileInfo(OwnNet).LinkTarget);
    }

    [Fact]
    public async Task A_socket_opened_inside_stays_inside()
    {
        using var netns = NetNamespace.Create();
        using var inside = netns.Run(() =>
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Bind(new IPEndPoint(IPAddress.Any, 0));
            return socket;
        });

        // The loopback link of a new namespace is down, which shows where the socket lives.
        var target = new IPEndPoint(IPAddress.Loopback, 9);
        var error = await Assert.ThrowsAsync<SocketException>(async () => await inside.SendToAsync(new byte[1], target));
        Assert.Equal(SocketError.NetworkUnreachable, error.SocketErrorCode);
    }

    [Fact]
    public void A_named_namespace_is_found_by_name_and_deleted_without_a_trace()
    {
        var name = $"fl-test-{Environment.ProcessId}";
        var path = NetNamespace.NamedPath(name);
        using (var made = NetNamespace.CreateNamed(name))
        {
            var again = Assert.Throws<LinuxException>(() => NetNamespace.CreateNamed(name));
            Assert.Equal(Errno.EEXIST, again.Errno);
            using var opened = NetNamespace.OpenNamed(name);
            Assert.Equal(made.Run(() => new FileInfo(OwnNet).LinkTarget), opened.Run(() => new FileInfo(OwnNet).LinkTarget));
            Assert.Contains(path, File.ReadAllText("/proc/self/mounts"), StringComparison.Ordinal);
        }

        NetNamespace.DeleteNamed(name);
        NetNamespace.DeleteNamed(name);
        Assert.False(File.Exists(path));
        Assert.DoesNotContain(path, File.ReadAllText("/proc/self/mounts"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_with_a_slash_is_refused() => Assert.Throws<ArgumentException>(() => NetNamespace.CreateNamed("../x"));

    [Fact]
    public void An_exception_inside_arrives_outside()
    {
        using var netns = NetNamespace.Create();
        Assert.Throws<InvalidDataException>(() => netns.Run(() => throw new InvalidDataException("inside")));
    }

    [Fact]
    public void A_file_that_is_no_namespace_is_refused_by_name()
    {
        using var file = NetNamespace.Open("/etc/hostname");
        var error = Assert.Throws<LinuxException>(() => file.Run(() => 0));
        Assert.Equal(Errno.EINVAL, error.Errno);
        Assert.Contains("/etc/hostname", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Descriptors_and_threads_do_not_leak()
    {
        NetNamespace.Create().Dispose();
        var before = Directory.GetFiles("/proc/self/fd").Length;
        for (var i = 0; i < 20; i++)
        {
            using var netns = NetNamespace.Create();
            netns.Run(() => 0);
            Assert.Throws<LinuxException>(() => NetNamespace.Open("/no/such/file"));
        }

        // Other tests open and close descriptors beside this one; a leak of ours would be at least twenty.
        Assert.InRange(Directory.GetFiles("/proc/self/fd").Length, 0, before + 15);
    }
}
