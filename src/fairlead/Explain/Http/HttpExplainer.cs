using System.Globalization;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Explain.Reach;
using Fairlead.Ingress.Inspection;
using Fairlead.Ingress.Translate;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Explain.Http;

/// <summary>
/// Follows a request from its host to the endpoints that are asked, as the cluster's objects have it: host, path and endpoints by the ingress room's compiler,
/// the way from the pods that serve to the endpoints as any connection's. Pure.
/// </summary>
internal sealed class HttpExplainer : IDisposable
{
    private const int MaxNamed = 8;

    private readonly ClusterTables _tables;
    private readonly RoleView _role;
    private readonly ReachExplainer _reach;
    private readonly HostStep _host;
    private readonly PathStep _path;
    private readonly List<(IReadOnlyList<RolePod> Pods, PlannedIngresses Plan)> _views;

    /// <summary>Explains by the tables as they are now.</summary>
    /// <param name="tables">The cluster, with its Ingresses.</param>
    /// <param name="role">Who serves.</param>
    /// <param name="settings">What else is known of connections.</param>
    /// <param name="manifests">The user's manifests.</param>
    /// <param name="time">By which certificates are valid.</param>
    public HttpExplainer(ClusterTables tables, RoleView role, ReachSettings settings, ManifestPlaces manifests, TimeProvider time)
    {
        (_tables, _role, _reach) = (tables, role, new ReachExplainer(tables, settings));
        _views = [.. role.Views.Select(view => ((IReadOnlyList<RolePod>)[.. view], new PlannedIngresses(view.Key, tables, time)))];
        if (_views.Count == 0)
        {
            _views.Add(([], new PlannedIngresses(role.Options, tables, time)));
        }

        (_host, _path) = (new HostStep(tables, Plan), new PathStep(tables, Plan, manifests));
    }

    /// <summary>What is served, as the first of the pods sees it: hosts and paths are the same for all.</summary>
    public PlannedIngresses Plan => _views[0].Plan;

    /// <inheritdoc/>
    public void Dispose() => _views.ForEach(view => view.Plan.Dispose());

    /// <summary>What becomes of a GET.</summary>
    /// <param name="url">An http or https URL.</param>
    public HttpExplanation Explain(Uri url)
    {
        var (answer, host) = (Plan.Before.Of(url), HostOf(url));
        var certificate = url.Scheme == Uri.UriSchemeHttps ? Plan.CertificateOf(url.HostNameType == UriHostNameType.Dns ? host : "") : null;
        var steps = new List<ReachStep> { _role.Step };
        if (certificate is not null)
        {
            steps.Add(CertificateStep.Of(host, certificate));
        }

        var fault = answer is { Code: 400, Route: null };
        steps.AddRange(fault
            ? [new ReachStep("request", StepVerdict.Fails, "", $"{answer.Reason}: it is refused before it is looked at (400)")]
            : [_host.Of(host, answer.Route), _path.Of(host, url, answer.Route)]);
        if (answer.Route is { } route)
        {
            steps.AddRange(Behaviour(route, answer));
        }

        return new HttpExplanation
        {
            Url = url,
            Answer = answer,
            Certificate = certificate,
            Addresses = answer.Route is { } of && _tables.Ingresses.Get(of.Ingress) is { Addresses.Count: > 0 } row ? row.Addresses : _role.Addresses,
            Steps = steps.ToValueArray(),
            Ways = answer is { Code: 0, Route: not null } ? Ways(url, answer.Route).ToValueArray() : default,
        };
    }

    /// <summary>The host as rules have it.</summary>
    internal static string HostOf(Uri url) => url.IdnHost.TrimEnd('.').ToLowerInvariant();

    private IEnumerable<ReachStep> Behaviour(Route route, PlannedAnswer answer)
    {
        var of = $"Ingress {route.Ingress}";
        if (route.Options.Refused.Length > 0)
        {
            yield return new ReachStep("guard", StepVerdict.Fails, of, $"{route.Options.Refused}: as it guards access, requests are answered 503 until it is changed");
            yield break;
        }

        if (answer.Location.Length > 0)
        {
            yield return new ReachStep("redirect", StepVerdict.Ok, of, string.Create(CultureInfo.InvariantCulture, $"the answer is {answer.Code}, Location: {answer.Location} ({OptionWords.Redirect(route.Options, answer)})"));
            yield break;
        }

        if (OptionWords.Of(route.Options, answer).ToValueArray() is { Count: > 0 } words)
        {
            yield return new ReachStep("options", StepVerdict.Ok, of, $"what the annotations of {of} do besides") { Notes = words };
        }

        yield return ServiceStep(route, answer);
        if (PortOf(route) is { } port)
        {
            foreach (var step in EndpointSteps(route, port))
            {
                yield return step;
            }
        }
    }

    private (ServiceRow Service, ServicePort Port)? PortOf(Route route) =>
        _tables.Services.Get(route.Backend.Key.Service) is { Type: not ServiceType.ExternalName } service && PlannedIngresses.PortOf(service, route.Backend.Key.Port) is { Protocol: IpProtocol.Tcp } port
            ? (service, port) : null;

    private ReachStep ServiceStep(Route route, PlannedAnswer answer)
    {
        var key = route.Backend.Key;
        return PortOf(route) is not { } found ? new ReachStep("service", StepVerdict.Fails, $"Service {key.Service}", $"{route.Backend.State.Missing}: requests are answered 503")
            : new ReachStep(
                "service", StepVerdict.Ok, $"Service {key.Service}",
                $"Service {key.Service}, port {ServicePorts.Text(found.Port)}, asked by {OptionWords.Protocol(answer.Protocol)} at its endpoints, not at its cluster address");
    }

    private IEnumerable<ReachStep> EndpointSteps(Route route, (ServiceRow Service, ServicePort Port) of)
    {
        var seen = _views.Select(view => (view.Pods, Known: view.Plan.EndpointsOf(BackendOf(view.Plan, route)))).ToList();
        var isSame = seen.TrueForAll(view => view.Known.SequenceEqual(seen[0].Known));
        foreach (var (pods, known) in isSame ? seen[..1] : seen)
        {
            var from = isSame ? "" : $" from {string.Join(", ", pods.Select(pod => $"pod {pod.Key}"))}";
            var (used, unused) = (known.Where(one => one.IsUsed).ToList(), known.Where(one => !one.IsUsed).ToList());
            yield return used.Count == 0
                ? new ReachStep("endpoints", StepVerdict.Fails, $"Service {of.Service.Key}", $"{route.Backend.State.Missing}{from}: requests are answered 503")
                {
                    Notes = known.Count > 0 ? NotUsed(unused) : NoEndpoints.Of(_tables, of.Service, of.Port, []),
                }
                : new ReachStep(
                    "endpoints", StepVerdict.Ok, $"Service {of.Service.Key}",
                    $"{used.Count} of {known.Count} {(known.Count == 1 ? "endpoint is" : "endpoints are")} asked{from}{(used.Count > 1 ? ", in turn" : "")}: "
                    + $"{string.Join(", ", used.Take(MaxNamed).Select(Text))}{(used.Count > MaxNamed ? $" and {used.Count - MaxNamed} more" : "")}")
                {
                    Notes = NotUsed(unused),
                };
        }
    }

    private static ValueArray<string> NotUsed(List<PlannedEndpoint> unused) =>
    [
        .. unused.Take(MaxNamed).Select(one => $"not used: {Text(one)}{(one.Node.Length > 0 ? $" on node {one.Node}" : "")}: {one.Why}"),
        .. unused.Count > MaxNamed ? [$"and {unused.Count - MaxNamed} more"] : (string[])[],
    ];

    private static string Text(PlannedEndpoint one) => $"{(one.Address.IsV4 ? $"{one.Address}" : $"[{one.Address}]")}:{one.Port}{(one.Pod == default ? "" : $" ({one.Pod})")}";

    private static Backend BackendOf(PlannedIngresses plan, Route route) =>
        plan.Tables.Routes.Hosts.SelectMany(host => host.Value.Otherwise is { } otherwise ? host.Value.Routes.Append(otherwise) : host.Value.Routes)
            .Concat(plan.Tables.Routes.Default is { } all ? [all] : []).First(other => other.Backend.Key == route.Backend.Key).Backend;

    /// <summary>From every pod that serves to every endpoint that it asks.</summary>
    private IEnumerable<EndpointReach> Ways(Uri url, Route route)
    {
        var several = _views.Sum(view => view.Pods.Count) > 1;
        foreach (var (pods, plan) in _views)
        {
            foreach (var pod in pods.Select(pod => _tables.Pods.Get(pod.Key)).OfType<PodRow>())
            {
                var source = new ReachSource($"{pod.Key}", pod, null, pod.IPs);
                foreach (var endpoint in BackendOf(plan, route).State.Endpoints.AsEnumerable())
                {
                    yield return Way(source, endpoint, url, several);
                }
            }
        }
    }

    private EndpointReach Way(ReachSource source, BackendEndpoint endpoint, Uri url, bool several)
    {
        var told = _reach.Explain(source, new ReachExplanation { From = source.Text, To = $"{url}", Address = endpoint.Address, Protocol = IpProtocol.Tcp, Port = endpoint.Port });
        var way = told.Endpoints.Count > 0 ? told.Endpoints[0] : new EndpointReach(endpoint.Authority, endpoint.Pod == default ? "" : $"{endpoint.Pod}", "", "", default);
        return way with { Endpoint = several ? $"{endpoint.Authority} from {source.Text}" : endpoint.Authority, Steps = told.Steps.Concat(way.Steps).ToValueArray() };
    }
}
