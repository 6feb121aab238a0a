using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Fairlead.Kube.Client;

/// <summary>How to reach an API server and who to be there.</summary>
/// <param name="Server">The server's address, <c>https://host:port</c>.</param>
/// <param name="Authorities">The certificates that must have signed the server's; nothing else is trusted.</param>
/// <param name="Certificate">The client's certificate with its key; null to use a token.</param>
/// <param name="Token">Gives the bearer token of the next request; empty for none. IOException: it cannot be read.</param>
public sealed record KubeConnection(Uri Server, X509Certificate2Collection Authorities, X509Certificate2? Certificate, Func<string> Token)
{
    /// <summary>This process's sockets complete on the thread that waits for them all: what is read must be worked on elsewhere.</summary>
    public bool SocketsCompleteInPlace { get; init; }

    /// <summary>Opens the sockets, TCP of the server's family, for a server that this process's own network does not reach; null: nothing special.</summary>
    public Func<Socket>? Open { get; init; }

    /// <summary>A connection by certificate.</summary>
    public KubeConnection(Uri server, X509Certificate2Collection authorities, X509Certificate2? certificate)
        : this(server, authorities, certificate, () => "")
    {
    }
}
