using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Fairlead.Cluster.Model;

namespace Fairlead.Ingress.Translate.Annotations;

/// <summary>rewrite-target, read.</summary>
/// <param name="Before">The path it gives, up to the group; begins with a slash.</param>
/// <param name="Group">The group of the path's expression that follows (<c>$1</c> to <c>$9</c>); 0: none.</param>
public sealed record RewriteTarget(string Before, int Group)
{
    /// <summary>Reads a path that may end with one of <c>$1</c> to <c>$9</c>. False for all else: two groups, a group in the middle, a URL, a query, dot segments.</summary>
    public static bool TryParse(string text, [MaybeNullWhen(false)] out RewriteTarget target)
    {
        var group = text is [.., '$', >= '1' and <= '9' and var digit] ? digit - '0' : 0;
        var before = group == 0 ? text : text[..^2];
        target = new RewriteTarget(before, group);
        return Values.Path(before, out _) && !before.Split('/').Any(element => element is "." or "..");
    }
}

/// <summary>A path of an Ingress as it is served.</summary>
/// <param name="Path">What is compared.</param>
/// <param name="Type">How.</param>
/// <param name="Rewrite">What it becomes for the endpoint; null: it stays.</param>
public sealed record PathForm(string Path, PathType Type, PathRewrite? Rewrite);

/// <summary>
/// What ingress-nginx's users write as regular expressions, recognised as text. No expression is ever evaluated: who may write an Ingress could make one
/// that costs every request seconds.
/// </summary>
public static class PathForms
{
    private static readonly SearchValues<char> Metacharacters = SearchValues.Create("^$*+?()[]{}|\\");

    // The end of a path, and the number of its group that holds what follows the path's elements.
    private static readonly (string End, int Group)[] Shapes = [("(/|$)(.*)", 2), ("/?(.*)", 1), ("/(.*)", 1), ("/.*", 0)];

    /// <summary>How a path is served; null when it is an expression of another shape than those that are recognised, or its group is not the one rewritten to.</summary>
    /// <param name="path">The path as the Ingress has it.</param>
    /// <param name="type">Its type. An expression is compared as a Prefix whatever it is, as ingress-nginx does.</param>
    /// <param name="target">rewrite-target; null when there is none.</param>
    /// <param name="useRegex">use-regex. Where there is a rewrite-target, paths are expressions without it too.</param>
    public static PathForm? Read(string path, PathType type, RewriteTarget? target, bool useRegex)
    {
        if ((target is null && !useRegex) || !path.AsSpan().ContainsAny(Metacharacters))
        {
            // A group that the path does not have is empty.
            return new PathForm(path, type, target is null ? null : new PathRewrite(target.Before, KeepsRest: false));
        }

        foreach (var (end, group) in Shapes)
        {
            if (path.EndsWith(end, StringComparison.Ordinal) && path[..^end.Length] is var prefix && !prefix.AsSpan().ContainsAny(Metacharacters))
            {
                return Form(prefix, group, end[0] == '/', target);
            }
        }

        return null;
    }

    private static PathForm? Form(string prefix, int group, bool hasSlash, RewriteTarget? target)
    {
        if (prefix.Length == 0 ? !hasSlash : prefix[0] != '/' || prefix[^1] == '/')
        {
            return null;
        }

        var served = new PathForm(prefix.Length == 0 ? "/" : prefix, PathType.Prefix, null);
        return target switch
        {
            null => served,
            { Group: 0 } => served with { Rewrite = new PathRewrite(target.Before, KeepsRest: false) },
            _ when target.Group == group => served with { Rewrite = new PathRewrite(target.Before, KeepsRest: true) },
            _ => null,
        };
    }
}
