using System.Net;
using System.Security.Cryptography.X509Certificates;
using Fairlead.ControlPlane.Allocation;
using Fairlead.ControlPlane.Bootstrap;
using Fairlead.ControlPlane.Forwarding;
using Fairlead.ControlPlane.Http;
using Fairlead.ControlPlane.Pki;
using Fairlead.ControlPlane.Registry;
using Fairlead.ControlPlane.Store;
using Fairlead.ControlPlane.Streaming;
using Fairlead.ControlPlane.Tokens;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane;

/// <summary>
/// A Kubernetes control plane in this process: store, API server and controllers. Started by <see cref="StartAsync"/>, stopped by disposing it.
/// </summary>
public sealed class ControlPlane : IAsyncDisposable
{
    private readonly ControlPlaneOptions _options;
    private readonly ObjectStore _store;
    private readonly ClusterAuthority _authority;
    private readonly X509Certificate2 _certificate;
    private readonly TokenKey _tokenKey;
    private readonly ServiceAccountTokens _tokens;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ApiRegistry _registry;
    private ApiServer? _server;
    private ProxyTransport? _transport;
    private Task _controllers = Task.CompletedTask;

    private ControlPlane(ControlPlaneOptions options, ClusterAuthority authority)
    {
        _options = options;
        _tokenKey = TokenKey.OpenOrCreate(Path.Combine(options.StateDirectory, "pki", "sa.key"));
        _authority = authority;
        _certificate = authority.IssueServer(ServerNames.Of(options), ServerNames.Addresses(options));
        _store = ObjectStore.Open(Path.Combine(options.StateDirectory, "store.db"), new KindIndex(), options.WatchWindow);
        var services = new ServiceAllocation(new ClusterRanges { Services = options.ServiceRanges }, new StoredAddresses(_store));
        var stored = _store.Snapshot(KindIndex.Resource(ResourceTypes.Services)).Objects.Values.Select(item => item.Parse());
        foreach (var problem in services.Restore(stored))
        {
            HttpLog.AllocationDoubtful(options.Loggers.CreateLogger("Fairlead.ControlPlane.Allocation"), problem);
        }

        _registry = new ApiRegistry(_store, options.Time, services, options.PodWarnings, options.ObjectWarnings, options.DenyServiceExternalIPs);
        _tokens = new ServiceAccountTokens(_registry, _tokenKey, $"https://kubernetes.default.svc.{options.ClusterDomain}");
        Api = new LocalApi(_registry, _tokens);
    }

    /// <summary>The API for code in this process; not subject to authorization.</summary>
    public IKubeApi Api { get; }

    /// <summary>PEM of the authority that clients of this API server trust.</summary>
    public string AuthorityPem => _authority.CertificatePem;

    /// <summary>Where the API server listens, in the order of <see cref="ControlPlaneOptions.Listen"/>, with the ports the system chose.</summary>
    public IReadOnlyList<IPEndPoint> Endpoints { get; private set; } = [];

    /// <summary>Ends when the control plane has stopped; faulted when a controller gave up.</summary>
    public Task Completion => _controllers;

    /// <summary>Opens the store and starts to serve; when it returns, the first objects are there and requests are answered.</summary>
    /// <exception cref="IOException">The state directory, the store or an address cannot be used; the message says why and what to do.</exception>
    public static async Task<ControlPlane> StartAsync(ControlPlaneOptions options, CancellationToken cancellationToken)
    {
        SecretFile.EnsureDirectory(options.StateDirectory);
        var authority = ClusterAuthority.OpenOrCreate(Path.Combine(options.StateDirectory, "pki"), options.Time);
        ControlPlane plane;
        try
        {
            plane = new ControlPlane(options, authority);
        }
        catch
        {
            authority.Dispose();
            throw;
        }

        try
        {
            await plane.RunAsync(cancellationToken);
            return plane;
        }
        catch
        {
            await plane.DisposeAsync();
            throw;
        }
    }

    /// <summary>A certificate for an administrator; what a kubeconfig carries.</summary>
    public ClientCredential IssueAdministrator() => _authority.IssueClient("fairlead-admin", Authorizer.Masters);

    /// <summary>A certificate for the agent of node <paramref name="node"/>.</summary>
    public ClientCredential IssueNode(string node) => _authority.IssueClient($"system:node:{node}", Authorizer.Nodes);

    /// <summary>A certificate for the pods role.</summary>
    public ClientCredential IssuePodsRole() => _authority.IssueClient("fairlead:pods", Authorizer.Pods);

    /// <summary>Stops the controllers, then the server, then the store; everything acknowledged is on disk.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();

        // A fault of theirs is seen by whoever awaits Completion; it must not keep the store from being closed.
        await _controllers.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _transport?.Dispose();

        await _store.DisposeAsync();
        _certificate.Dispose();
        _tokenKey.Dispose();
        _authority.Dispose();
        _stopping.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        await ClusterObjects.EnsureAsync(Api, _options, cancellationToken);
        var logger = _options.Loggers.CreateLogger("Fairlead.ControlPlane.Http");
        var pods = new PodsSocket(_options.PodsSocket);
        var resources = new ResourceHandler(_registry, new PodStreams(_registry, pods, _stopping.Token), _tokens, _stopping.Token);
        _transport = new ProxyTransport(pods);
        var proxy = new ProxyHandler(new ProxyTargets(_registry), _transport, _stopping.Token);
        var server = _options.Advertise ?? _options.Listen[0];
        var router = new RequestRouter(
            new Authenticator(_tokens, logger), resources, proxy, new Reviews(_tokens), new Discovery(), new OpenApiHandler(),
            new OpenIdHandler(_tokens, server.ToString()), _store, logger);
        _server = await ApiServer.StartAsync(_options.Listen, _authority, _certificate, router.HandleAsync, _options.Loggers);
        Endpoints = _server.Endpoints;
        foreach (var endpoint in Endpoints)
        {
            HttpLog.Listening(logger, endpoint.ToString());
        }

        _controllers = Task.WhenAll(_options.Controllers(this).Select(controller => controller.RunAsync(_stopping.Token)).ToArray());
    }
}
