using System.Collections;
using System.Globalization;
using System.Net.Sockets;
using Fairlead.Linux.Syscalls;

namespace Fairlead.Dns.Server;

/// <summary>
/// Listening sockets that the process was started with, as systemd hands them over (sd_listen_fds(3)): LISTEN_FDS counts descriptors from 3 on,
/// LISTEN_FDNAMES names them with colons between, LISTEN_PID says whom they are for.
/// </summary>
public static class InheritedSockets
{
    /// <summary>What the names of DNS sockets begin with.</summary>
    public const string DnsName = "dns";

    private const int FirstDescriptor = 3;
    private const int MaxDescriptors = 64;

    /// <summary>
    /// Takes over the sockets whose name begins with <paramref name="prefix"/>. A name is enough to tell them apart: each says itself whether it is
    /// UDP or TCP. Without LISTEN_PID they count as this process's; with another's pid there are none.
    /// </summary>
    /// <exception cref="SocketException">A descriptor is no socket.</exception>
    /// <exception cref="Fairlead.Linux.LinuxException">A descriptor is not open.</exception>
    public static IReadOnlyList<Socket> Take(IDictionary environment, string prefix = DnsName) =>
        [.. Descriptors(environment, Environment.ProcessId, prefix).Select(Adopt)];

    /// <summary>Makes a descriptor this process's alone: it came without close-on-exec, or it would not have come.</summary>
    internal static Socket Adopt(int number)
    {
        using var descriptor = new SafeFd(number);
        descriptor.CloseOnExec();
        return new Socket(new SafeSocketHandle(descriptor.Disown(), ownsHandle: true));
    }

    internal static IReadOnlyList<int> Descriptors(IDictionary environment, int pid, string prefix)
    {
        if (environment["LISTEN_PID"] is string { Length: > 0 } owner && owner != pid.ToString(CultureInfo.InvariantCulture))
        {
            return [];
        }

        if (!int.TryParse(environment["LISTEN_FDS"] as string, NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return [];
        }

        var names = (environment["LISTEN_FDNAMES"] as string ?? "").Split(':');
        return
        [
            .. Enumerable.Range(0, Math.Min(count, MaxDescriptors))
                .Where(i => i < names.Length && names[i].StartsWith(prefix, StringComparison.Ordinal))
                .Select(i => FirstDescriptor + i),
        ];
    }
}
