using Fairlead.Cluster.Model;
using Fairlead.Ingress.Translate;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Ingress.Inspection;

/// <summary>What becomes of a path of an Ingress.</summary>
public enum PathStanding
{
    /// <summary>It is served.</summary>
    Served,

    /// <summary>It is another's, or written twice.</summary>
    Conflict,

    /// <summary>Its requests are answered 503: a guard of its Ingress is not understood.</summary>
    Guarded,

    /// <summary>It cannot be served as it is written: its host, its form, an expression.</summary>
    Invalid,

    /// <summary>Its Ingress is nobody's: it has no class, or one that does not exist.</summary>
    NoClass,

    /// <summary>Its Ingress is for another controller.</summary>
    OtherController,
}

/// <summary>A path as an Ingress has it, and what becomes of it.</summary>
/// <param name="Ingress">The Ingress.</param>
/// <param name="Place">Where it stands in it: <c>spec.rules[0].http.paths[1]</c>, <c>spec.defaultBackend</c>.</param>
/// <param name="Host">The rule's host; empty: all.</param>
/// <param name="Path">The path as it is compared; as it is written where it is not served; of a default backend <c>/</c>.</param>
/// <param name="Type">How it is compared.</param>
/// <param name="Backend">Where it is to lead.</param>
/// <param name="Standing">What becomes of it.</param>
/// <param name="Why">Why it is not served, in words; empty: it is.</param>
public sealed record WrittenPath(ObjectKey Ingress, string Place, string Host, string Path, PathType Type, IngressBackend Backend, PathStanding Standing, string Why)
{
    /// <summary>The route there: its own, or that of the one who has the path; null: there is none.</summary>
    public Route? Route { get; init; }

    /// <summary>It is the default backend.</summary>
    public bool IsDefault => Place == DefaultPlace;

    internal const string DefaultPlace = "spec.defaultBackend";
}

/// <summary>An endpoint of a backend, used or not.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Port">Its port.</param>
/// <param name="Pod">The pod behind it; the default value when it is none.</param>
/// <param name="Node">Its node; empty: not known.</param>
/// <param name="IsUsed">Requests are sent to it.</param>
/// <param name="Why">Why, or why not.</param>
public sealed record PlannedEndpoint(IpAddr Address, ushort Port, ObjectKey Pod, string Node, bool IsUsed, string Why);

/// <summary>What a client that asks for a host is shown.</summary>
/// <param name="Secret">The Secret that has it; null: none, it is the self-signed one.</param>
/// <param name="Subject">Its subject; empty: Secrets may not be read, so it is not known.</param>
/// <param name="NotAfter">Until when it is valid.</param>
/// <param name="Named">The Secrets that Ingresses name for the host.</param>
/// <param name="Problems">What is wrong with those, in words.</param>
public sealed record PlannedCertificate(ObjectKey? Secret, string Subject, DateTimeOffset NotAfter, ValueArray<ObjectKey> Named, ValueArray<string> Problems);

/// <summary>What becomes of a GET without a body before any endpoint is asked, as far as it does not depend on who sends it.</summary>
/// <param name="Route">Its route; null: none.</param>
/// <param name="Code">What it is answered; 0: an endpoint is asked.</param>
/// <param name="Reason">Why it is answered so, in words; empty: an endpoint is asked, or it is redirected.</param>
public sealed record PlannedAnswer(Route? Route, int Code, string Reason)
{
    /// <summary>Where it is redirected to; empty: nowhere.</summary>
    public string Location { get; init; } = "";

    /// <summary>The path and query that the endpoint is asked for; empty: none is asked.</summary>
    public string Target { get; init; } = "";

    /// <summary>What the endpoint is spoken to with.</summary>
    public UpstreamProtocol Protocol { get; init; }
}
