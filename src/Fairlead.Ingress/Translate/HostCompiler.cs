using Fairlead.Cluster.Model;

namespace Fairlead.Ingress.Translate;

/// <summary>
/// The routes of one host, of what Ingresses ask for there. Several share a host; a path that two ask for is the older's, and the other is told. Prefix and
/// ImplementationSpecific are the same here. An Ingress may name any host, and Services of its own namespace alone: whoever is first has a path,
/// whatever namespace it is of.
/// </summary>
internal static class HostCompiler
{
    /// <param name="host">The host.</param>
    /// <param name="owners">Those with rules for it, the oldest first.</param>
    /// <param name="aliases">Those that have it as an alias, the oldest first: one of them has it, and only where no rule does.</param>
    /// <param name="backends">Backends in use.</param>
    /// <param name="lose">Told of each of them what it does not get; nothing, when it gets all.</param>
    /// <returns>The routes; null when nobody asks for the host.</returns>
    public static HostRoutes? Compile(
        string host, IReadOnlyList<ServedIngress> owners, IReadOnlyList<ServedIngress> aliases, BackendIndex backends, Action<ServedIngress, IReadOnlyList<IngressFinding>> lose)
    {
        var serving = owners.Count > 0 ? owners : [.. aliases.Take(1)];
        foreach (var alias in owners.Count > 0 ? aliases : aliases.Skip(1))
        {
            lose(alias, [Conflict($"alias {host} is {RuleText.Shown($"{serving[0].Claims.Row.Key}")}'s host: it is not served for this Ingress")]);
        }

        var routes = new Dictionary<(string Path, bool IsExact), (Route Route, ServedIngress Of)>();
        Route? otherwise = null;
        ServedIngress? otherwiseOf = null;
        foreach (var ingress in serving)
        {
            var lost = new List<IngressFinding>();
            foreach (var claim in ingress.Claims.PathsAt(host))
            {
                var key = (claim.Path, claim.Type == PathType.Exact);
                if (routes.TryGetValue(key, out var there))
                {
                    lost.Add(Taken(host, claim, ingress, there.Of));
                }
                else
                {
                    routes[key] = (new Route(ingress.Claims.Row.Key, host, claim.Path, claim.Type, backends.Get(claim.Backend), claim.Options), ingress);
                }
            }

            if (otherwiseOf is null)
            {
                (otherwise, otherwiseOf) = (Otherwise(host, ingress, backends), ingress.Claims.Default is null ? null : ingress);
            }
            else if (ingress.Claims.Default is { } own && own != otherwiseOf.Claims.Default)
            {
                lost.Add(Conflict($"the default backend of {IngressClaims.HostText(host)} is {otherwiseOf.Claims.Age.Over(ingress.Claims.Age)}"));
            }

            lose(ingress, lost);
        }

        return serving.Count == 0 ? null : new HostRoutes([.. routes.Values.Select(claimed => claimed.Route)], otherwise);
    }

    /// <summary>The route to an Ingress's default backend; null: it has none.</summary>
    public static Route? Otherwise(string host, ServedIngress ingress, BackendIndex backends) => ingress.Claims.Default is { } own
        ? new Route(ingress.Claims.Row.Key, host, own.Path, own.Type, backends.Get(own.Backend), own.Options) { IsDefault = true }
        : null;

    /// <summary>Of two that ask for the same.</summary>
    public static IngressFinding Conflict(string message) => new("Conflict", message);

    private static IngressFinding Taken(string host, PathClaim claim, ServedIngress ingress, ServedIngress owner)
    {
        var path = $"path {RuleText.Shown(claim.Path)} ({claim.Type}) of {IngressClaims.HostText(host)}";
        return owner == ingress
            ? Conflict($"{path} is written twice: the first is served")
            : Conflict($"{path} is {owner.Claims.Age.Over(ingress.Claims.Age)}: it is not served for this Ingress");
    }
}
