using System.Globalization;
using System.Net.Sockets;
using Fairlead.Dns.Server;
using Fairlead.Linux.Syscalls;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Dns;

public sealed class InheritedSocketsTests
{
    private const int DuplicateDescriptor = 0; // F_DUPFD of fcntl(2): the copy has no close-on-exec, as one that was inherited

    [Fact]
    public void Programs_that_the_agent_starts_do_not_inherit_its_sockets()
    {
        using var bound = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        using var borrowed = new SafeFd((int)bound.SafeHandle.DangerousGetHandle());
        var number = Libc.Fcntl(borrowed, DuplicateDescriptor, 100);
        borrowed.Disown();
        var inode = new FileInfo($"/proc/self/fd/{number}").LinkTarget!;
        Assert.Contains(inode, DescriptorsOfAChild(), StringComparison.Ordinal);
        using var adopted = InheritedSockets.Adopt(number);
        Assert.DoesNotContain(inode, DescriptorsOfAChild(), StringComparison.Ordinal);
        Assert.Equal(number.ToString(CultureInfo.InvariantCulture), adopted.SafeHandle.DangerousGetHandle().ToString(CultureInfo.InvariantCulture));
        Assert.Equal(SocketType.Dgram, adopted.SocketType);
    }

    private static string DescriptorsOfAChild() => Tool.Run("ls", "-l", "/proc/self/fd");
}
