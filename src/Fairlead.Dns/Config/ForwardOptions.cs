using System.Net;
using Fairlead.Dns.Forward;
using Fairlead.State;

namespace Fairlead.Dns.Config;

/// <summary>Which of several upstreams is asked first.</summary>
internal enum ForwardPolicy
{
    /// <summary>Any.</summary>
    Random,

    /// <summary>Each in its turn.</summary>
    RoundRobin,

    /// <summary>The first that is well.</summary>
    Sequential,
}

/// <summary>An upstream named in the text: an address with port, or the resolvers of a file in the form of resolv.conf.</summary>
/// <param name="Address">The address; null for a file.</param>
/// <param name="File">Path of the file; empty for an address. <c>/etc/resolv.conf</c> is what the host asks, however the node learns it.</param>
/// <param name="Tls">Asked by TLS (RFC 7858), port 853 unless said otherwise.</param>
internal sealed record ForwardTarget(IPEndPoint? Address, string File, bool Tls);

/// <summary>A file of certificates or a key in PEM.</summary>
/// <param name="Path">Where the text says that it is; read on the node.</param>
/// <param name="Text">What it holds where it is a key of the text's own ConfigMap; null: it is on the node.</param>
internal sealed record PemFile(string Path, string? Text = null);

/// <summary>Plugin <c>forward</c> of a server block, with CoreDNS's defaults.</summary>
internal sealed record ForwardOptions
{
    /// <summary>The host's resolvers in their order, as its own programs ask them: what stands where no text says anything.</summary>
    public static ForwardOptions Host { get; } = new()
    {
        To = [new ForwardTarget(null, HostResolvers.ResolvConf, Tls: false)],
        Policy = ForwardPolicy.Sequential,
        MaxConcurrent = 1000,
    };

    /// <summary>Names of this zone are asked upstream; empty: all.</summary>
    public string From { get; init; } = "";

    /// <summary>At most 15 upstreams.</summary>
    public required ValueArray<ForwardTarget> To { get; init; }

    /// <summary>Zones below <see cref="From"/> that are not asked.</summary>
    public ValueArray<string> Except { get; init; } = [];

    /// <summary>Who is asked first.</summary>
    public ForwardPolicy Policy { get; init; }

    /// <summary>Failures in a row after which an upstream is down until a health check succeeds; 0: never.</summary>
    public int MaxFails { get; init; } = 2;

    /// <summary>Time between health checks of an upstream that fails.</summary>
    public TimeSpan HealthCheck { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Name asked for by health checks; empty: the root.</summary>
    public string HealthCheckName { get; init; } = "";

    /// <summary>Health checks ask for recursion (without <c>no_rec</c>).</summary>
    public bool HealthCheckRecurses { get; init; } = true;

    /// <summary>How long an idle connection is kept.</summary>
    public TimeSpan Expire { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Questions under way at once, beyond which they are refused; 0: without limit.</summary>
    public int MaxConcurrent { get; init; }

    /// <summary>Asked by TCP, whatever the client came by.</summary>
    public bool ForceTcp { get; init; }

    /// <summary>
    /// Asked by UDP first, whatever the client came by, and by TCP when the reply is cut: which is so without it too, since an answer is shared by all who ask.
    /// <see cref="ForceTcp"/> goes before it.
    /// </summary>
    public bool PreferUdp { get; init; }

    /// <summary>With every upstream down the answer is SERVFAIL at once, instead of one try of any.</summary>
    public bool FailFast { get; init; }

    /// <summary>Name the certificate of TLS upstreams must have; empty: their address.</summary>
    public string TlsServerName { get; init; } = "";

    /// <summary>The authorities that TLS upstreams' certificates must come from (<c>tls CA</c>); null: those the host trusts.</summary>
    public PemFile? TlsAuthorities { get; init; }

    /// <summary>The certificate shown to TLS upstreams, and those between it and its authority (<c>tls CERT KEY</c>); null: none.</summary>
    public PemFile? TlsCertificate { get; init; }

    /// <summary>The key of <see cref="TlsCertificate"/>.</summary>
    public PemFile? TlsKey { get; init; }
}
