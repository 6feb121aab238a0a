using Fairlead.Cluster.Model;
using Fairlead.Ingress.Translate;
using Fairlead.State;

namespace Fairlead.Ingress;

/// <summary>Whose certificates a host may be served with, those of the oldest Ingress first: the first that is a certificate serves it.</summary>
public sealed record HostCertificateRow(ValueArray<ObjectKey> Secrets);

/// <summary>Something of an Ingress that is not served as it is written.</summary>
/// <param name="Reason">In one word, as Events have it: Conflict, BackendMissing, AnnotationUnknown, …</param>
/// <param name="Message">In words: what, where and what becomes of it.</param>
public sealed record IngressFinding(string Reason, string Message);

/// <summary>An Ingress that is served here.</summary>
/// <param name="Findings">What of it is not served as it is written.</param>
/// <param name="Secrets">The Secrets that it takes certificates from.</param>
public sealed record ServedIngressRow(ValueArray<IngressFinding> Findings, ValueArray<ObjectKey> Secrets);

/// <summary>Why a Secret that an Ingress names cannot serve as a certificate, in words.</summary>
public sealed record CertificateProblemRow(string Problem);

/// <summary>What the parts of the room tell each other. Each table has one writer.</summary>
public sealed class IngressTables
{
    /// <summary>Routes by host. Written by the compiler.</summary>
    public RouteTable Routes { get; } = new();

    /// <summary>Certificates by host: exact or <c>*.example.org</c>, in lower case. Written by the compiler.</summary>
    public Table<string, HostCertificateRow> Certificates { get; } = new("host certificates");

    /// <summary>Ingresses that are served here. Initialized after the first compilation. Written by the compiler.</summary>
    public Table<ObjectKey, ServedIngressRow> Served { get; } = new("served ingresses");

    /// <summary>Secrets in use that are no certificate. Written by the certificate store.</summary>
    public Table<ObjectKey, CertificateProblemRow> CertificateProblems { get; } = new("certificate problems");

    /// <summary>True when some Secret is to serve a host as its certificate, by its own name or by its parent's wildcard.</summary>
    /// <param name="host">The host, without port.</param>
    public bool HasCertificate(ReadOnlySpan<char> host)
    {
        var name = host.TrimEnd('.').ToString().ToLowerInvariant();
        return Certificates.Get(name) is not null || (name.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot && Certificates.Get($"*{name[dot..]}") is not null);
    }
}
