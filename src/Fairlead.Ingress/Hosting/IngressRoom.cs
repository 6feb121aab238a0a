using Fairlead.Cluster;
using Fairlead.Ingress.Listening;
using Fairlead.Ingress.Metrics;
using Fairlead.Ingress.Status;
using Fairlead.Ingress.Tls;
using Fairlead.Ingress.Translate;
using Fairlead.Kube.Client;
using Fairlead.State;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Yarp.ReverseProxy.Forwarder;

namespace Fairlead.Ingress.Hosting;

/// <summary>
/// Serves Ingresses: from the cluster's rows to routes, certificates and endpoints, and by them every request. Listens once it knows what to serve, so that
/// no client is told of a rule that is only not read yet. Writes where Ingresses are reached into their status, and what of them is not served into Events.
/// </summary>
public sealed class IngressRoom : IDisposable
{
    /// <summary>How long it goes on taking connections after it was told to end: until nobody sends any.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);

    /// <summary>How long requests that run then may take; kubelet kills after thirty seconds.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(25);

    private readonly IngressOptions _options;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly AccessLog? _log;
    private readonly RouteCompiler _compiler;
    private readonly CertificateStore _certificates;
    private readonly StatusWriter _status;
    private readonly FindingEvents _events;
    private readonly UpstreamClients _clients;
    private readonly IngressHandler _handler;

    /// <summary>Makes the room; nothing happens before <see cref="RunAsync"/>.</summary>
    /// <param name="options">What it is told.</param>
    /// <param name="cluster">The cluster's rows.</param>
    /// <param name="api">Where status and Events are written.</param>
    /// <param name="accessLog">Where the access log goes; null: none is written.</param>
    /// <param name="time">For everything that takes time.</param>
    /// <param name="loggers">Where it logs.</param>
    public IngressRoom(IngressOptions options, ClusterTables cluster, IKubeApi api, Stream? accessLog, TimeProvider time, ILoggerFactory loggers)
    {
        (_options, _time, _loggers) = (options, time, loggers);
        _log = accessLog is null ? null : new AccessLog(accessLog);
        _compiler = new RouteCompiler(options, cluster, Tables);
        _certificates = new CertificateStore(cluster, Tables, options, time, loggers.CreateLogger("tls"));
        _status = new StatusWriter(api, cluster, Tables, options, time, loggers.CreateLogger("status"));
        _events = new FindingEvents(api, cluster, Tables, options, time, loggers.CreateLogger("status"));
        Metrics = new IngressMetrics(Tables, () => _log?.Dropped ?? 0);
        _clients = new UpstreamClients(time);
        _handler = new IngressHandler(options, Tables, new RequestForwarder(Forwarder(), _clients, new EndpointHealth(time), options), Metrics, _log, time);
    }

    /// <summary>What the parts tell each other; <see cref="IngressTables.Served"/> is initialized once it knows what to serve.</summary>
    public IngressTables Tables { get; } = new();

    /// <summary>What it has counted.</summary>
    public IngressMetrics Metrics { get; }

    /// <summary>Serves until cancelled; then requests that run are finished, within bounds.</summary>
    /// <exception cref="IOException">A port cannot be had.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var stop = new CancellationTokenSource();
        List<Task> parts =
        [
            _compiler.RunAsync(stop.Token), _certificates.RunAsync(stop.Token), _status.RunAsync(stop.Token), _events.RunAsync(stop.Token),
            .. _log is null ? [] : (Task[])[_log.RunAsync(stop.Token)],
        ];
        var serving = ServeAsync(cancellationToken);
        var first = await Task.WhenAny([serving, .. parts]);
        await stop.CancelAsync();
        await Task.WhenAll(parts).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _handler.Dispose();
        _clients.Dispose();
        _certificates.Dispose();
        Metrics.Dispose();
    }

    private async Task ServeAsync(CancellationToken cancellationToken)
    {
        await WaitUntilReadyAsync(cancellationToken);
        await using var listener = await IngressListener.StartAsync(_options, _certificates, _handler.HandleAsync, _loggers);
        await Task.Delay(Timeout.InfiniteTimeSpan, _time, cancellationToken).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        await Task.Delay(Farewell, _time, CancellationToken.None);
        using var patience = new CancellationTokenSource(Patience, _time);
        await listener.StopAsync(patience.Token);
    }

    /// <summary>Waits until it knows what to serve, and with which certificates.</summary>
    public async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        var wake = new Wake();
        using var served = Tables.Served.Subscribe();
        using var certificates = Tables.CertificateProblems.Subscribe();
        served.Signalled += wake.Ring;
        certificates.Signalled += wake.Ring;
        while (!Tables.Served.Initialized || !Tables.CertificateProblems.Initialized)
        {
            await wake.WaitAsync(cancellationToken);
        }
    }

    // Without a log of its own: what it would say of each request is in the access log, in one line.
    internal static IHttpForwarder Forwarder() => new ServiceCollection()
        .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>)).AddHttpForwarder().BuildServiceProvider().GetRequiredService<IHttpForwarder>();
}
