using System.Text.Json.Nodes;
using Fairlead.Explain.Http;
using Fairlead.Explain.Reach;
using Fairlead.Kube.Yaml;
using Fairlead.Tests.Ingress;

namespace Fairlead.Tests.Explain;

/// <summary>The shop of <see cref="ReachWorld"/> behind an ingress pod on node n1, with Ingresses that a test writes.</summary>
internal sealed class HttpWorld : IDisposable
{
    public const string Role =
        """
        {kind: Pod, metadata: {name: fairlead-ingress-1, namespace: kube-system, labels: {app.kubernetes.io/name: fairlead-ingress} }, spec: {nodeName: n1, containers: [{name: c,
          command: [/opt/fairlead/fairlead], args: [ingress, --without-class, --node-name=$(NODE_NAME)], env: [{name: NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName} } }]}]},
          status: {phase: Running, podIP: 10.244.1.9, conditions: [{type: Ready, status: "True"}]} }
        """;

    private const string Base =
        $$"""
        {{Role}}
        ---
        {kind: IngressClass, metadata: {name: fairlead}, spec: {controller: fairlead.dev/ingress} }
        ---
        {kind: IngressClass, metadata: {name: other}, spec: {controller: example.org/other} }
        ---
        {kind: Service, metadata: {name: fairlead-ingress, namespace: kube-system}, spec: {type: LoadBalancer, ports: [{name: http, port: 80}]}, status: {loadBalancer: {ingress: [{ip: 172.30.255.254}]} } }
        ---
        """;

    private readonly TlsLab _tls = new();

    /// <param name="more">Ingresses and what else there is, beside Service shop/api over two pods.</param>
    /// <param name="api">Service shop/api with its slice.</param>
    /// <param name="readsSecrets">TLS Secrets may be read.</param>
    public HttpWorld(string more, string? api = null, bool readsSecrets = true)
    {
        World = new ReachWorld($"{Base}\n{api ?? ReachWorld.Api()}{(more.Length > 0 ? $"\n---\n{more}" : "")}");
        World.Listening("api-1", ("0.0.0.0", 8080)).Listening("api-2", ("0.0.0.0", 8080));
        var age = 0;
        foreach (var row in World.Tables.Ingresses.Snapshot().Values.OrderBy(row => row.Key))
        {
            // The first by name is the oldest.
            World.Tables.Ingresses.Upsert(row.Key, row with { CreatedAt = DateTimeOffset.UnixEpoch.AddDays(age++) });
        }

        World.Tables.Ingresses.MarkInitialized();
        World.Tables.IngressClasses.MarkInitialized();
        World.Tables.Services.MarkInitialized();
        World.Tables.EndpointSlices.MarkInitialized();
        World.Tables.Nodes.MarkInitialized();
        if (readsSecrets)
        {
            World.Tables.TlsSecrets.MarkInitialized();
        }
    }

    public ReachWorld World { get; }

    public static IReadOnlyList<JsonObject> Pods { get; } = [(JsonObject)YamlReader.ReadAll(new StringReader(Role)).Single()];

    /// <summary>The pods that serve.</summary>
    public IReadOnlyList<JsonObject> ServingPods { get; init; } = Pods;

    public RoleView Serving => RoleView.Of(ServingPods, null, World.Tables, null);

    public TimeProvider Time => _tls.Time;

    /// <summary>An Ingress of namespace shop.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="host">Its one rule's host; empty: all.</param>
    /// <param name="paths">Each <c>/path</c>, with <c>=</c> before it where it is exact.</param>
    /// <param name="spec">More of its spec.</param>
    /// <param name="annotations">Its annotations, without their prefix.</param>
    /// <param name="backend">Where all its paths lead.</param>
    public static string Written(string name, string host, string paths = "/", string spec = "ingressClassName: fairlead", string annotations = "", string backend = "name: api, port: {number: 80}")
    {
        var rules = paths.Split(' ').Select(path => $"{{path: \"{path.TrimStart('=')}\", pathType: {(path[0] == '=' ? "Exact" : "Prefix")}, backend: {{service: {{{backend}}} }} }}");
        var notes = string.Join(", ", annotations.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(one => $"nginx.ingress.kubernetes.io/{one}"));
        return $"{{kind: Ingress, metadata: {{name: {name}, namespace: shop, annotations: {{{notes}}} }}, spec: {{{spec}, rules: [{{{(host.Length > 0 ? $"host: \"{host}\", " : "")}http: {{paths: [{string.Join(", ", rules)}]}} }}]}} }}";
    }

    /// <summary>A Secret of namespace shop with a certificate for some names.</summary>
    public HttpWorld Secret(string name, params string[] names)
    {
        var pair = _tls.Make(names, $"CN={name}");
        World.Tables.TlsSecrets.Upsert(new("shop", name), new() { Key = new("shop", name), Certificate = pair.Certificate, PrivateKey = pair.Key });
        return this;
    }

    public HttpExplanation Explain(string url, string manifests = "")
    {
        using var explainer = new HttpExplainer(World.Tables, Serving, World.Settings, ManifestPlaces.Read(manifests.Length > 0 ? [manifests] : [], "default"), Time);
        return explainer.Explain(new Uri(url));
    }

    public string Text(string url) => string.Join('\n', HttpRun.Lines(Explain(url), null).Select(line => line.Text));

    public void Dispose() => _tls.Dispose();
}
