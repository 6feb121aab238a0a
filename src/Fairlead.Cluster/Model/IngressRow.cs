using Fairlead.Kube.Selectors;
using Fairlead.State;

namespace Fairlead.Cluster.Model;

/// <summary>How a path of an Ingress is compared (networking.k8s.io/v1 PathType).</summary>
public enum PathType
{
    /// <summary>Left to the controller; ours takes it as <see cref="Prefix"/>.</summary>
    ImplementationSpecific,

    /// <summary>The whole path, as it is written.</summary>
    Exact,

    /// <summary>The path's first elements.</summary>
    Prefix,
}

/// <summary>Where an Ingress leads to: a port of a Service of its namespace. Empty <see cref="Service"/>: a resource of another kind, which nothing here serves.</summary>
/// <param name="Service">The Service's name.</param>
/// <param name="PortName">The port's name; empty when it is given by number.</param>
/// <param name="PortNumber">The port's number; 0 when it is given by name.</param>
public sealed record IngressBackend(string Service, string PortName, ushort PortNumber)
{
    /// <summary>The resource that is named instead of a Service, as <c>Kind/name</c>; empty when there is none.</summary>
    public string Resource { get; init; } = "";

    /// <summary><c>service:port</c>, or the resource.</summary>
    public override string ToString() => Service.Length == 0 ? Resource : PortName.Length > 0 ? $"{Service}:{PortName}" : $"{Service}:{PortNumber}";
}

/// <summary>One path of a rule. An empty <see cref="Path"/> is only allowed by ImplementationSpecific and means all.</summary>
public sealed record IngressPath(string Path, PathType Type, IngressBackend Backend);

/// <summary>A rule: paths of a host. An empty <see cref="Host"/> means all hosts; <c>*.example.org</c> any one label before example.org.</summary>
public sealed record IngressRule(string Host, ValueArray<IngressPath> Paths);

/// <summary>Whose certificate serves which hosts; no hosts: those of the rules.</summary>
public sealed record IngressTls(ValueArray<string> Hosts, string SecretName);

/// <summary>An Ingress (networking.k8s.io/v1).</summary>
public sealed record IngressRow
{
    /// <summary>The annotation that named the class before spec.ingressClassName did.</summary>
    public const string ClassAnnotation = "kubernetes.io/ingress.class";

    /// <summary>Namespace and name.</summary>
    public required ObjectKey Key { get; init; }

    /// <summary>metadata.uid.</summary>
    public string Uid { get; init; } = "";

    /// <summary>metadata.creationTimestamp: of two that ask for the same path of a host, the older has it.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>metadata.annotations.</summary>
    public Labels Annotations { get; init; } = Labels.Empty;

    /// <summary>spec.ingressClassName; empty when not set.</summary>
    public string ClassName { get; init; } = "";

    /// <summary>spec.defaultBackend; null when not set.</summary>
    public IngressBackend? DefaultBackend { get; init; }

    /// <summary>spec.rules.</summary>
    public ValueArray<IngressRule> Rules { get; init; }

    /// <summary>spec.tls.</summary>
    public ValueArray<IngressTls> Tls { get; init; }

    /// <summary>status.loadBalancer.ingress: addresses and host names, in order.</summary>
    public ValueArray<string> Addresses { get; init; }
}

/// <summary>An IngressClass (networking.k8s.io/v1).</summary>
public sealed record IngressClassRow
{
    /// <summary>The annotation that makes it the class of Ingresses that name none.</summary>
    public const string DefaultAnnotation = "ingressclass.kubernetes.io/is-default-class";

    /// <summary>metadata.name.</summary>
    public required string Name { get; init; }

    /// <summary>metadata.creationTimestamp.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>spec.controller: who serves its Ingresses.</summary>
    public string Controller { get; init; } = "";

    /// <summary>It is the class of Ingresses that name none.</summary>
    public bool IsDefault { get; init; }
}

/// <summary>A Secret of type kubernetes.io/tls, as it was written: whether it is a certificate is for who uses it to find.</summary>
public sealed record TlsSecretRow
{
    /// <summary>The type of such Secrets.</summary>
    public const string SecretType = "kubernetes.io/tls";

    /// <summary>Namespace and name.</summary>
    public required ObjectKey Key { get; init; }

    /// <summary>tls.crt: the certificate and those that vouch for it, PEM.</summary>
    public string Certificate { get; init; } = "";

    /// <summary>tls.key: the private key, PEM.</summary>
    public string PrivateKey { get; init; } = "";

    /// <summary>Keeps the key out of logs.</summary>
    public override string ToString() => $"{nameof(TlsSecretRow)} {Key}";
}
