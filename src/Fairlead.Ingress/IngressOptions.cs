using System.Net;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Ingress;

/// <summary>What the ingress role is told.</summary>
public sealed record IngressOptions
{
    /// <summary>The controller that IngressClasses name to be served here.</summary>
    public const string DefaultController = "fairlead.dev/ingress";

    /// <summary>Ingresses of classes whose spec.controller is this are served.</summary>
    public string Controller { get; init; } = DefaultController;

    /// <summary>Ingresses that name no class are served too.</summary>
    public bool ServesWithoutClass { get; init; }

    /// <summary>The node this runs on: where topology hints and local traffic policies are seen from; empty: from nowhere.</summary>
    public string NodeName { get; init; } = "";

    /// <summary>The Service whose LoadBalancer addresses are written into status; null: none is.</summary>
    public ObjectKey? PublishService { get; init; }

    /// <summary>Where HTTP is answered.</summary>
    public IPEndPoint Http { get; init; } = new(IPAddress.IPv6Any, 8080);

    /// <summary>Where HTTPS is answered.</summary>
    public IPEndPoint Https { get; init; } = new(IPAddress.IPv6Any, 8443);

    /// <summary>Where <c>/metrics</c>, <c>/healthz</c> and <c>/readyz</c> are answered.</summary>
    public IPEndPoint Admin { get; init; } = new(IPAddress.IPv6Any, 10254);

    /// <summary>The certificate of hosts that have none; null: one of its own making that nobody vouches for.</summary>
    public ObjectKey? DefaultCertificate { get; init; }

    /// <summary>HTTP is redirected to HTTPS where the host has a certificate, unless its Ingress says otherwise.</summary>
    public bool SslRedirect { get; init; }

    /// <summary>Proxies whose X-Forwarded-* are believed; of all others they are replaced.</summary>
    public ValueArray<IpNet> TrustedProxies { get; init; }

    /// <summary>Load balancers whose connections begin with a PROXY protocol header; no others' do.</summary>
    public ValueArray<IpNet> ProxyProtocolFrom { get; init; }

    /// <summary>How long a connection to an endpoint may take to be made.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long nothing may come from, or go to, an endpoint.</summary>
    public TimeSpan ActivityTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Each request is told of in the log.</summary>
    public bool AccessLog { get; init; } = true;
}
