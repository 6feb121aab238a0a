using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Fairlead.Linux.Namespaces;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>
/// What Kubernetes promises of a Service whose pods come and go: as long as some are ready, and those that leave serve a little longer, no connection is lost.
/// </summary>
[Collection(nameof(TwoNodes))]
public sealed class ServiceUnderLoadTests(ClusterFixture cluster)
{
    private readonly ConcurrentBag<string> _failures = [];
    private int _answers;

    [Fact]
    public async Task A_rollout_a_drain_and_a_change_of_size_lose_no_connection_not_even_with_agents_killed()
    {
        cluster.Kubectl(Manifests, ["apply", "-f", "-"]);
        cluster.Kubectl("rollout", "status", "deployment/steady", "--timeout=120s");
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/visitor", "--timeout=120s");
        cluster.Kubectl("wait", "--for=jsonpath={.status.loadBalancer.ingress[0].ip}", "service/steady", "--timeout=120s");
        var external = cluster.Kubectl("get", "service", "steady", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}");
        var inside = cluster.Kubectl("get", "service", "steady", "-o", "jsonpath={.spec.clusterIP}");
        using var outside = NetNamespace.Open(cluster.OutsidePath);
        using var visitor = NetNamespace.Open(
            $"/run/fairlead/{cluster.Name}/pods/default_visitor_{cluster.Kubectl("get", "pod", "visitor", "-o", "jsonpath={.metadata.uid}")}/net");
        using var stop = new CancellationTokenSource();
        Task[] load =
        [
            AskAsync(outside, external, 80, stop.Token), AskAsync(outside, "172.30.0.11", 30085, stop.Token), AskAsync(outside, "172.30.0.12", 30085, stop.Token),
            AskAsync(visitor, inside, 80, stop.Token),
        ];
        await HoldsAsync("at rest");

        cluster.Kubectl("rollout", "restart", "deployment/steady");
        cluster.Kubectl("rollout", "status", "deployment/steady", "--timeout=120s");
        await HoldsAsync("after the rollout");

        // With pods on their way out it would be chance whether the nodes have heard of it: a kernel without an agent leads to them until they are gone, and after.
        await OnlyAsync(3);
        cluster.KillAgent(1);
        cluster.KillAgent(2);
        await HoldsAsync("with agents killed");

        // What changes while a node has no agent its kernel learns when there is one again.
        cluster.WhenReady();

        cluster.Kubectl("scale", "deployment/steady", "--replicas=1");
        cluster.Kubectl("scale", "deployment/steady", "--replicas=4");
        cluster.Kubectl("rollout", "status", "deployment/steady", "--timeout=120s");
        await HoldsAsync("after 3, 1 and 4 replicas, with new agents");

        cluster.Kubectl("drain", $"{cluster.Name}-2", "--pod-selector=app=steady", "--timeout=120s");
        cluster.Kubectl("rollout", "status", "deployment/steady", "--timeout=120s");
        cluster.Kubectl("uncordon", $"{cluster.Name}-2");
        await HoldsAsync("after the drain");

        await stop.CancelAsync();
        await Task.WhenAll(load);

        // None left: refused at once, and answered again as soon as there is one.
        cluster.Kubectl("scale", "deployment/steady", "--replicas=0");
        cluster.Kubectl("wait", "--for=delete", "pod", "-l", "app=steady", "--timeout=120s");
        await UntilAsync(outside, external, "ConnectionRefused");
        cluster.Kubectl("scale", "deployment/steady", "--replicas=1");
        await UntilAsync(outside, external, "");
        cluster.Kubectl("delete", "deployment/steady", "service/steady", "pod/visitor", "--wait=false");
    }

    private static string Manifests => """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: steady}
        spec:
          replicas: 3
          selector: {matchLabels: {app: steady} }
          strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1} }
          template:
            metadata: {labels: {app: steady} }
            spec:
              containers:
              - name: main
                image: registry.example/steady:1
                ports: [{containerPort: 8080}]
                readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
                lifecycle: {preStop: {sleep: {seconds: 8} } }
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: steady}
        spec: {type: LoadBalancer, selector: {app: steady}, ports: [{port: 80, targetPort: 8080, nodePort: 30085}] }
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: visitor}
        spec: {containers: [{name: main, image: registry.example/visitor:1, ports: [{containerPort: 8080}] }] }
        """;

    /// <summary>A good many more answers, and not one failure so far.</summary>
    private async Task HoldsAsync(string when)
    {
        var (wanted, deadline) = (Volatile.Read(ref _answers) + 100, Deadline.Token());
        while (Volatile.Read(ref _answers) < wanted && _failures.IsEmpty)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, deadline);
        }

        Assert.True(_failures.IsEmpty, $"{when}: {string.Join('\n', _failures)}");
    }

    private async Task OnlyAsync(int pods)
    {
        var deadline = Deadline.Token();
        while (cluster.Kubectl("get", "pods", "-l", "app=steady", "-o", "name").Split('\n', StringSplitOptions.RemoveEmptyEntries).Length != pods)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, deadline);
        }
    }

    private async Task AskAsync(NetNamespace from, string address, int port, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            if (await TryAsync(from, address, port) is { Length: > 0 } failure)
            {
                _failures.Add($"{address}:{port}: {failure}");
            }

            Interlocked.Increment(ref _answers);

            // Paced: others share the machine's cores.
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
        }
    }

    private static async Task UntilAsync(NetNamespace from, string address, string outcome)
    {
        var deadline = Deadline.Token();
        while (await TryAsync(from, address, 80) is { } seen && seen != outcome)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, deadline);
        }
    }

    /// <summary>One connection with one request; empty when it was answered, else what went wrong.</summary>
    private static async Task<string> TryAsync(NetNamespace from, string address, int port)
    {
        using var socket = from.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Parse(address), port), Deadline.Token());
            await socket.SendAsync("GET / HTTP/1.1\r\nHost: steady\r\nConnection: close\r\n\r\n"u8.ToArray(), Deadline.Token());
            var (answer, buffer) = (new StringBuilder(), new byte[1024]);
            while (await socket.ReceiveAsync(buffer, Deadline.Token()) is > 0 and var length)
            {
                answer.Append(Encoding.ASCII.GetString(buffer, 0, length));
            }

            return answer.ToString().Contains("steady-", StringComparison.Ordinal) ? "" : $"answered {answer}";
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode.ToString();
        }
        catch (OperationCanceledException)
        {
            return "no answer";
        }
    }
}
