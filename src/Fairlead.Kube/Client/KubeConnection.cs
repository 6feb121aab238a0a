using System.Security.Cryptography.X509Certificates;

namespace Fairlead.Kube.Client;

/// <summary>How to reach an API server and who to be there.</summary>
/// <param name="Server">The server's address, <c>https://host:port</c>.</param>
/// <param name="Authorities">The certificates that must have signed the server's; nothing else is trusted.</param>
/// <param name="Certificate">The client's certificate with its key; null to use <paramref name="Token"/>.</param>
/// <param name="Token">A bearer token; empty for none.</param>
public sealed record KubeConnection(Uri Server, X509Certificate2Collection Authorities, X509Certificate2? Certificate, string Token);
