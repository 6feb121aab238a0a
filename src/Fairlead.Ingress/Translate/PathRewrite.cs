namespace Fairlead.Ingress.Translate;

/// <summary>What a path becomes on its way to the endpoint: <see cref="Before"/>, then what the request's path has beyond the route's (or nothing).</summary>
/// <param name="Before">What it begins with; begins with a slash.</param>
/// <param name="KeepsRest">What the request's path has beyond the route's, without its leading slash, follows.</param>
public sealed record PathRewrite(string Before, bool KeepsRest)
{
    /// <summary>The path for the endpoint: with <c>/x/</c> and the rest kept, <c>/app/a/b</c> of the route <c>/app</c> becomes <c>/x/a/b</c>.</summary>
    /// <param name="route">The route's path, as it is compared.</param>
    /// <param name="path">The request's path, which the route matches.</param>
    public string Apply(string route, string path)
    {
        if (!KeepsRest)
        {
            return Before;
        }

        var rest = path.AsSpan(Math.Min(route.Length, path.Length));
        return string.Concat(Before, rest is ['/', .. var beyond] ? beyond : rest);
    }
}
