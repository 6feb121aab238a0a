using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane;
using Fairlead.ControlPlane.Pki;
using Fairlead.Kube.Client;

namespace Fairlead.Tests.Forwarding;

/// <summary>A control plane, pods and Services of it, and a <see cref="Backend"/> that stands for all of them.</summary>
public sealed class ProxyFixture : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("fairlead-proxy-").FullName;
    private Fairlead.ControlPlane.ControlPlane _plane = null!;
    private Backend _backend = null!;
    private SocketsHttpHandler _handler = null!;

    public HttpClient Client { get; private set; } = null!;

    public IPEndPoint Address => _plane.Endpoints[0];

    internal List<string> Dialled => _backend.Dialled;

    public async ValueTask InitializeAsync()
    {
        var socket = Path.Combine(_directory, "pods.sock");
        _backend = await Backend.StartAsync(socket);
        _plane = await Fairlead.ControlPlane.ControlPlane.StartAsync(
            new ControlPlaneOptions
            {
                StateDirectory = Path.Combine(_directory, "state"),
                Listen = [new IPEndPoint(IPAddress.Loopback, 0)],
                PodsSocket = socket,
            },
            default);
        _handler = Handler(_plane.IssueAdministrator());
        Client = new HttpClient(_handler) { BaseAddress = new Uri($"https://{_plane.Endpoints[0]}") };
        await CreateAsync(ResourceTypes.Nodes, "", """{"metadata":{"name":"n1"}}""");
        await StatusAsync(ResourceTypes.Nodes, "", "n1", """{"addresses":[{"type":"InternalIP","address":"172.30.0.11"}]}""");
        await PodAsync("web", "10.244.0.5");
        await CreateAsync(ResourceTypes.Services, "default", """
            {"metadata":{"name":"web"},"spec":{"ports":[{"name":"plain","port":80,"targetPort":8080},{"name":"tls","port":443,"targetPort":8443}]}}
            """);
        await PodAsync("six", "fd00::5");
        await PodAsync("local", "169.254.169.254");
        await CreateAsync(ResourceTypes.Services, "default", """{"metadata":{"name":"stranger"},"spec":{"ports":[{"port":80}]}}""");
        await EndpointsAsync("stranger", "10.9.9.9", "");
        await EndpointsAsync("web", "10.244.0.5", """, "targetRef": { "kind": "Pod", "namespace": "default", "name": "web" }""");
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        _handler.Dispose();
        await _plane.DisposeAsync();
        await _backend.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    public SocketsHttpHandler Administrator() => Handler(_plane.IssueAdministrator());

    public SocketsHttpHandler Node(string name) => Handler(_plane.IssueNode(name));

    private SocketsHttpHandler Handler(ClientCredential credential)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(X509Certificate2.CreateFromPem(_plane.AuthorityPem));
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        handler.SslOptions.CertificateChainPolicy = policy;
        handler.SslOptions.ClientCertificates = [X509Certificate2.CreateFromPem(credential.CertificatePem, credential.KeyPem)];
        return handler;
    }

    private Task<JsonObject> CreateAsync(ResourceType type, string ns, string body) => _plane.Api.CreateAsync(type, ns, JsonNode.Parse(body)!.AsObject(), default);

    private Task<JsonObject> StatusAsync(ResourceType type, string ns, string name, string status) =>
        _plane.Api.PatchAsync(type, ns, name, "status", PatchKind.Merge, new JsonObject { ["status"] = JsonNode.Parse(status) }, default);

    private async Task PodAsync(string name, string address)
    {
        await CreateAsync(ResourceTypes.Pods, "default", $$$"""
            {"metadata":{"name":"{{{name}}}"},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"i","ports":[{"containerPort":8080}]}]}}
            """);
        await StatusAsync(ResourceTypes.Pods, "default", name, $$"""{"phase":"Running","podIP":"{{address}}","podIPs":[{"ip":"{{address}}"}]}""");
    }

    private Task<JsonObject> EndpointsAsync(string name, string address, string target) => CreateAsync(ResourceTypes.Endpoints, "default", $$"""
        { "metadata": { "name": "{{name}}" },
          "subsets": [ { "addresses": [ { "ip": "{{address}}" {{target}} } ],
                         "ports": [ { "name": "plain", "port": 8080 }, { "name": "tls", "port": 8443 } ] } ] }
        """);
}
