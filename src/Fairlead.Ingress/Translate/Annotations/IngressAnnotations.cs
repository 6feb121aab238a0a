using Fairlead.Cluster.Model;
using Fairlead.State;

namespace Fairlead.Ingress.Translate.Annotations;

/// <summary>A path of an Ingress as it is served, and with which options.</summary>
/// <param name="Path">The path and type to compare, and where it leads.</param>
/// <param name="Options">What the annotations say of it.</param>
public sealed record ServedPath(IngressPath Path, RouteOptions Options);

/// <summary>
/// The annotations of one Ingress, read. The compiler asks <see cref="For"/> of each path of each rule, and makes a route of what it gives, or none;
/// the default backend is the path <c>/</c>.
/// </summary>
public sealed class IngressAnnotations
{
    private readonly RewriteTarget? _target;
    private readonly bool _useRegex;

    internal IngressAnnotations(RouteOptions options, ValueArray<IngressFinding> findings, RewriteTarget? target, bool useRegex)
    {
        (Options, Findings, _target, _useRegex) = (options, findings, target, useRegex);
    }

    /// <summary>An Ingress without annotations.</summary>
    public static IngressAnnotations None { get; } = new(RouteOptions.Default, default, null, useRegex: false);

    /// <summary>What they say of all paths: all but the rewrite.</summary>
    public RouteOptions Options { get; }

    /// <summary>What of them is not served as it is written.</summary>
    public ValueArray<IngressFinding> Findings { get; }

    /// <summary>It stands beside another Ingress for a part of its requests (canary); none of its paths is served.</summary>
    public bool IsCanary { get; internal init; }

    /// <summary>A path as it is served; null: it is not, and <see cref="Findings"/> says why.</summary>
    public ServedPath? For(IngressPath path)
    {
        if (IsCanary || PathForms.Read(path.Path, path.Type, _target, _useRegex) is not { } form)
        {
            return null;
        }

        var options = form.Rewrite is null ? Options : Options with { Rewrite = form.Rewrite };
        return new ServedPath(form.Path == path.Path && form.Type == path.Type ? path : path with { Path = form.Path, Type = form.Type }, options);
    }
}
