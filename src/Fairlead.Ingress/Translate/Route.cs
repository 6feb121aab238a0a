using Fairlead.Cluster.Model;

namespace Fairlead.Ingress.Translate;

/// <summary>One path of one host, and where it leads.</summary>
/// <param name="Ingress">Whose it is.</param>
/// <param name="Host">The rule's host, in lower case: exact, <c>*.example.org</c>, or empty for all.</param>
/// <param name="Path">The path as it is compared: of a Prefix without its trailing slash, <c>/</c> for all.</param>
/// <param name="Type">How it is compared.</param>
/// <param name="Backend">Where it leads.</param>
/// <param name="Options">What the Ingress says beside.</param>
public sealed record Route(ObjectKey Ingress, string Host, string Path, PathType Type, Backend Backend, RouteOptions Options)
{
    /// <summary>It is an Ingress's default backend: what no rule matches.</summary>
    public bool IsDefault { get; init; }
}
