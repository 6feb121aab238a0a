using System.Diagnostics;
using System.Net;

namespace Fairlead.Benchmarks;

/// <summary>`fairlead ingress` on one processor, as the administrator of a cluster runs it beside one.</summary>
internal sealed class IngressServer : IDisposable
{
    private const string Address = "127.0.0.1:9003";
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.Zero });

    public IngressServer(string program, Cluster cluster) => Process = Process.Start(new ProcessStartInfo(
        "taskset",
        [
            "-c", $"{Processor}", program, "ingress", "--kubeconfig", cluster.Kubeconfig, "--without-class", "--access-log", "off",
            "--http", Address, "--https", "127.0.0.1:9004", "--admin", "127.0.0.1:9005",
        ])
    {
        RedirectStandardError = true,
        RedirectStandardOutput = true,
    })!;

    /// <summary>The proxy's processor.</summary>
    public static int Processor => Environment.ProcessorCount - 1;

    /// <summary>Its process.</summary>
    public Process Process { get; }

    /// <summary>It under wrk.</summary>
    public Wrk Load => new(Address, Process);

    /// <summary>Waits until a path of a host is answered with 200.</summary>
    public async Task WhenServedAsync(string host, string path)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60), TimeProvider.System);
        while (true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{Address}{path}");
            request.Headers.Host = host;
            try
            {
                using var answer = await _client.SendAsync(request, limit.Token);
                if (answer.StatusCode == HttpStatusCode.OK)
                {
                    return;
                }
            }
            catch (HttpRequestException) when (!Process.HasExited)
            {
                // Until it listens.
                await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, limit.Token);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Process.Kill();
        Process.WaitForExit();
        Process.Dispose();
        _client.Dispose();
    }
}
