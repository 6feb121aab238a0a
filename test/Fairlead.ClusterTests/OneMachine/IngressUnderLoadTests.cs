using System.Collections.Concurrent;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>Pods behind an Ingress come and go under load: no request is lost, and nobody else notices.</summary>
[Collection(nameof(Ingresses))]
public sealed class IngressUnderLoadTests(IngressFixture cluster) : IDisposable
{
    private const string Rolling = "http://rolling.example/";
    private const string Still = "http://still.example/";

    private readonly ConcurrentBag<string> _failures = [];
    private readonly CancellationTokenSource _stop = new();
    private int _answers;

    public void Dispose()
    {
        _stop.Dispose();
        cluster.Kubectl("delete", "deployment/rolling", "deployment/still", "service/rolling", "service/still", "ingress/rolling", "ingress/still", "--wait=false");
    }

    [Fact]
    public async Task A_rollout_and_a_change_of_size_lose_no_request_and_without_pods_the_answer_is_503()
    {
        Deploy("rolling", 3);
        Deploy("still", 1);
        using var client = new IngressClient(cluster);
        await client.UntilAsync(Rolling, 200);
        await client.UntilAsync(Still, 200);
        using var rolling = new CancellationTokenSource();
        var (other, load) = (LoadAsync(Still, "POST", true, _stop.Token), (Task[])[
            LoadAsync(Rolling, "GET", true, rolling.Token), LoadAsync(Rolling, "POST", true, rolling.Token),
            LoadAsync(Rolling, "GET", false, rolling.Token), LoadAsync(Rolling, "POST", false, rolling.Token)]);
        await HoldsAsync("at rest");

        cluster.Kubectl("set", "env", "deployment/rolling", "VERSION=2");
        cluster.Kubectl("rollout", "status", "deployment/rolling", "--timeout=120s");
        await HoldsAsync("after the rollout");

        cluster.Kubectl("scale", "deployment/rolling", "--replicas=1");
        cluster.Kubectl("wait", "--for=jsonpath={.status.replicas}=1", "deployment/rolling", "--timeout=120s");
        await HoldsAsync("with one replica");
        cluster.Kubectl("scale", "deployment/rolling", "--replicas=4");
        cluster.Kubectl("rollout", "status", "deployment/rolling", "--timeout=120s");
        await HoldsAsync("with four");
        await rolling.CancelAsync();
        await Task.WhenAll(load);

        cluster.Kubectl("scale", "deployment/rolling", "--replicas=0");

        // Between the end of the last process and the cluster's knowledge of it nobody listens where somebody is said to.
        Assert.All(await client.UntilAsync(Rolling, 503), status => Assert.True(status is 200 or 502, $"{status}"));
        cluster.Kubectl("scale", "deployment/rolling", "--replicas=2");
        Assert.All(await client.UntilAsync(Rolling, 200), status => Assert.Equal(503, status));
        await _stop.CancelAsync();
        await other;
        Assert.Empty(_failures);
    }

    /// <summary>A Deployment of pods that serve a little longer when they are told to end, its Service and its Ingress.</summary>
    private void Deploy(string name, int replicas) => cluster.Apply($$"""
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: {{name}} }
        spec:
          replicas: {{replicas}}
          selector: {matchLabels: {app: {{name}} } }
          strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1} }
          template:
            metadata: {labels: {app: {{name}} } }
            spec:
              containers:
              - name: main
                image: registry.example/web:1
                ports: [{containerPort: 8080}]
                readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
                lifecycle: {preStop: {sleep: {seconds: 4} } }
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: {{name}} }
        spec: {selector: {app: {{name}} }, ports: [{port: 80, targetPort: 8080}]}
        ---
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: {{name}} }
        spec: {rules: [{host: {{name}}.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: {{name}}, port: {number: 80} } } }]} }]}
        """);

    private async Task LoadAsync(string url, string method, bool keepsConnection, CancellationToken stop)
    {
        using var client = new IngressClient(cluster);
        while (!stop.IsCancellationRequested)
        {
            if (await TryAsync(client, url, method, keepsConnection) is { Length: > 0 } failure)
            {
                _failures.Add($"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {method} {url} {(keepsConnection ? "kept" : "new")}: {failure}");
            }

            Interlocked.Increment(ref _answers);

            // Paced: others share the machine's cores.
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>One request; empty when it was answered, else what went wrong.</summary>
    private static async Task<string> TryAsync(IngressClient client, string url, string method, bool keepsConnection)
    {
        try
        {
            var (status, body) = await client.AskAsync(url, method, keepsConnection);
            return status == 200 && body.Contains("\"pod\":", StringComparison.Ordinal) ? "" : $"{status} {body}";
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return e.Message;
        }
    }

    /// <summary>A good many more answers, and not one failure so far.</summary>
    private async Task HoldsAsync(string when)
    {
        var (wanted, deadline) = (Volatile.Read(ref _answers) + 200, Deadline.Token());
        while (Volatile.Read(ref _answers) < wanted && _failures.IsEmpty)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, deadline);
        }

        Assert.True(_failures.IsEmpty, $"{when}: {string.Join('\n', _failures)}");
    }
}
