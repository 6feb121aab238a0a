using System.Buffers.Binary;
using System.Globalization;
using Fairlead.Linux;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Namespaces;

namespace Fairlead.Explain.Reach;

/// <summary>Reads which sockets of a network namespace listen, as /proc/net shows them (proc_net(5)): tcp, tcp6, udp, udp6.</summary>
internal static class NetnsSockets
{
    /// <summary>TCP_LISTEN of linux/tcp_states.h.</summary>
    private const string Listening = "0A";

    /// <summary>TCP_CLOSE, which datagram sockets have that are connected to nobody.</summary>
    private const string Unconnected = "07";

    private static readonly (string File, IpProtocol Protocol, string State)[] Files =
        [("tcp", IpProtocol.Tcp, Listening), ("tcp6", IpProtocol.Tcp, Listening), ("udp", IpProtocol.Udp, Unconnected), ("udp6", IpProtocol.Udp, Unconnected)];

    /// <summary>The sockets; null when the namespace is not there or not this user's to enter.</summary>
    /// <param name="path">Of the network namespace.</param>
    public static IReadOnlyList<ListeningSocket>? Read(string path)
    {
        try
        {
            using var netns = NetNamespace.Open(path);

            // Not /proc/net: that is the namespace of the process's first thread.
            return netns.Run(() => Files.Where(file => File.Exists($"/proc/thread-self/net/{file.File}"))
                .SelectMany(file => Parse(File.ReadLines($"/proc/thread-self/net/{file.File}"), file.Protocol, file.State)).ToList());
        }
        catch (Exception e) when (e is LinuxException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The sockets of one file that are in a state.</summary>
    internal static IEnumerable<ListeningSocket> Parse(IEnumerable<string> lines, IpProtocol protocol, string state)
    {
        foreach (var line in lines.Skip(1))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 3 && fields[3] == state && fields[1].Split(':') is [var address, var port]
                && ushort.TryParse(port, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number) && address.Length is 8 or 32)
            {
                yield return new ListeningSocket(protocol, Address(address), number);
            }
        }
    }

    /// <summary>Words of 32 bits, each written as the number that the machine takes it for.</summary>
    private static IpAddr Address(string text)
    {
        var bytes = new byte[text.Length / 2];
        for (var i = 0; i < bytes.Length; i += 4)
        {
            BitConverter.TryWriteBytes(bytes.AsSpan(i), uint.Parse(text.AsSpan(i * 2, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
        }

        // An IPv4 address mapped into IPv6 (RFC 4291 §2.5.5.2) is what a program binds that has one kind of socket for both.
        return bytes.Length == 16 && BinaryPrimitives.ReadUInt64BigEndian(bytes) == 0 && BinaryPrimitives.ReadUInt32BigEndian(bytes.AsSpan(8)) == 0xFFFF
            ? IpAddr.FromBytes(bytes.AsSpan(12)) : IpAddr.FromBytes(bytes);
    }
}
