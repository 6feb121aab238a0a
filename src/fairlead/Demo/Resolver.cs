using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Fairlead.Explain;
using Fairlead.Linux;

namespace Fairlead.Demo;

/// <summary>What a pod's resolver found.</summary>
/// <param name="Client">The resolver's own end.</param>
/// <param name="Server">Whom it asked; what went wrong when there is no answer.</param>
/// <param name="Name">The full name that was found, or that was asked for last.</param>
/// <param name="Code">The answer's code (RFC 1035 §4.1.1); -1 for no answer.</param>
/// <param name="Addresses">The addresses, in the order given.</param>
internal sealed record Resolution(string Client, string Server, string Name, int Code, IReadOnlyList<IPAddress> Addresses)
{
    /// <summary>The one view there is of a question: who asked whom for what, and the answer.</summary>
    public override string ToString()
    {
        var answer = Code switch
        {
            DnsMessage.NoError when Addresses.Count > 0 => string.Join(' ', Addresses),
            DnsMessage.NoError => "no address",
            DnsMessage.NoSuchName => "no such name (NXDOMAIN)",
            < 0 => "no answer",
            _ => string.Create(CultureInfo.InvariantCulture, $"code {Code}"),
        };
        return $"{Client} → {Server}: {Name} = {answer}";
    }
}

/// <summary>
/// Resolves names from within a pod as its C library would: by the name server, search list and ndots of the pod's own resolv.conf (resolv.conf(5)).
/// </summary>
internal static class Resolver
{
    private const int Port = 53;
    private const int MaxMessage = 4096;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.2);

    /// <summary>Resolves a name, completed by the search list unless it ends with a dot.</summary>
    public static async Task<Resolution> ResolveAsync(Vantage pod, string name, bool tcp, CancellationToken cancellationToken)
    {
        var conf = ResolverConfiguration.Parse(await File.ReadAllTextAsync(pod.ResolvConf, cancellationToken));
        var server = conf.Nameservers[0];
        var found = new Resolution($"{pod.Name} {pod.Address}", $"{server}:{Port}", name, -1, []);
        foreach (var candidate in conf.Candidates(name))
        {
            found = await AskAsync(pod, new IPEndPoint(server, Port), candidate, tcp, cancellationToken);
            if (found.Addresses.Count > 0 || found.Code < 0)
            {
                return found;
            }
        }

        return found;
    }

    private static async Task<Resolution> AskAsync(Vantage pod, IPEndPoint server, string name, bool tcp, CancellationToken cancellationToken)
    {
        var question = DnsMessage.Question((ushort)Random.Shared.Next(ushort.MaxValue), name, pod.Address.AddressFamily == AddressFamily.InterNetworkV6);
        var found = new Resolution($"{pod.Name} {pod.Address}", $"{server}{(tcp ? " over TCP" : "")}", name, -1, []);
        using var limit = new CancellationTokenSource(Patience, TimeProvider.System);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var socket = pod.Open(() => tcp
                ? new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
                : new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
            await socket.ConnectAsync(server, both.Token);
            found = found with { Client = $"{pod.Name} {socket.LocalEndPoint}" };
            var answer = tcp ? await OverStreamAsync(socket, question, both.Token) : await OverDatagramsAsync(socket, question, both.Token);
            return DnsMessage.Read(question, answer) is { } read
                ? found with { Code = read.Code, Addresses = read.Addresses }
                : found with { Server = $"{found.Server} (not an answer)" };
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return found;
        }
        catch (Exception e) when (e is SocketException or LinuxException)
        {
            return found with { Server = $"{found.Server} ({e.Message})" };
        }
    }

    private static async Task<byte[]> OverDatagramsAsync(Socket socket, byte[] question, CancellationToken cancellationToken)
    {
        await socket.SendAsync(question, cancellationToken);
        var buffer = new byte[MaxMessage];
        var length = await socket.ReceiveAsync(buffer, cancellationToken);
        return buffer[..length];
    }

    /// <summary>Each message after its length in two bytes (RFC 1035 §4.2.2).</summary>
    private static async Task<byte[]> OverStreamAsync(Socket socket, byte[] question, CancellationToken cancellationToken)
    {
        var framed = new byte[question.Length + 2];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)question.Length);
        question.CopyTo(framed, 2);
        await socket.SendAsync(framed, cancellationToken);
        var buffer = new byte[MaxMessage];
        var (held, wanted) = (0, 2);
        while (held < wanted && await socket.ReceiveAsync(buffer.AsMemory(held), cancellationToken) is var count and > 0)
        {
            held += count;
            wanted = held < 2 ? 2 : Math.Min(2 + BinaryPrimitives.ReadUInt16BigEndian(buffer), buffer.Length);
        }

        return held < wanted ? [] : buffer[2..wanted];
    }
}
