namespace Fairlead.Ingress.Translate;

/// <summary>What a path becomes on its way to the endpoint: <see cref="Before"/>, then what the request's path has beyond the route's (or nothing).</summary>
/// <param name="Before">What it begins with; begins with a slash.</param>
/// <param name="KeepsRest">What the request's path has beyond the route's follows.</param>
public sealed record PathRewrite(string Before, bool KeepsRest);
