using Fairlead.Cluster;
using Fairlead.Cluster.Reflectors;
using Fairlead.Ingress;
using Fairlead.Ingress.Hosting;
using Fairlead.Kube.Client;
using Fairlead.Serving;
using Fairlead.Terminal;

namespace Fairlead.Composition;

/// <summary>The ingress role: the tables, the reflectors that fill them, the room that serves by them, and what probes and Prometheus ask it.</summary>
internal static class IngressRole
{
    /// <summary>Runs until cancelled; what is under way then is brought to its end by the room.</summary>
    /// <param name="options">What it is told.</param>
    /// <param name="kubeconfig">How to reach the API server; empty: as this pod's ServiceAccount.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="UserError">It does not know how to reach the API server.</exception>
    public static async Task<int> RunAsync(IngressOptions options, string kubeconfig, CancellationToken cancellationToken)
    {
        // Before the first socket: what comes in is worked on by the thread that waits for it, which halves a request's cost (ADR 0007).
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
        using var loggers = new FileLoggerFactory();
        var time = TimeProvider.System;
        var connection = kubeconfig.Length > 0 ? ClusterConnection.Of(kubeconfig) : ClusterConnection.OfPod();
        using var api = new KubeClient(connection with { SocketsCompleteInPlace = true });
        var cluster = new ClusterTables();
        loggers.CreateLogger("ingress").StartingIngress(options.Controller, connection.Server);
        await using var output = options.AccessLog ? Console.OpenStandardOutput() : null;
        using var room = new IngressRoom(options, cluster, api, output, time, loggers);
        using var metrics = new PrometheusText(room.Metrics.Meter) { Histograms = room.Metrics.Histograms };
        var pages = new IngressPages(room.Tables, metrics);

        // Endpoints are followed until the last request is answered.
        using var ended = new CancellationTokenSource();
        Task[] parts =
        [
            room.RunAsync(cancellationToken),
            new ClusterReflectors(api, cluster, time, loggers.CreateLogger("reflector")).RunIngressesAsync(ended.Token),
            HttpEndpoint.ServeAsync(options.Admin, pages.AnswerAsync, loggers, time, ended.Token),
            HeapTrim.OfProcess(time).RunAsync(room.WaitUntilReadyAsync(ended.Token), ended.Token),
        ];

        // Another part that ends has failed; kubelet starts the container anew.
        var first = await Task.WhenAny(parts);
        await ended.CancelAsync();
        await Task.WhenAll(parts[1..]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!cancellationToken.IsCancellationRequested)
        {
            await first;
        }

        return ExitCodes.Ok;
    }
}
