using Fairlead.Ingress.Translate;
using Fairlead.Linux.Addresses;

namespace Fairlead.Ingress.Hosting;

/// <summary>One request and what became of it: what the access log and the figures tell.</summary>
internal sealed class Exchange
{
    /// <summary>Who asked.</summary>
    public IpAddr Client { get; set; }

    /// <summary>Its route; null: no rule matched, or it was refused before.</summary>
    public Route? Route { get; set; }

    /// <summary>The endpoint that was asked last; null: none was.</summary>
    public BackendEndpoint? Endpoint { get; set; }

    /// <summary>How many endpoints failed before.</summary>
    public int Retries { get; set; }

    /// <summary>Why it was not answered by an endpoint, in a few words; empty when it was.</summary>
    public string Reason { get; set; } = "";
}
