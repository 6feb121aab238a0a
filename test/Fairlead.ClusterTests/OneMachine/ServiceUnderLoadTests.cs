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
public sealed partial class ServiceUnderLoadTests(ClusterFixture cluster)
{
    private readonly ConcurrentBag<string> _failures = [];
    private int _answers;

    [Fact]
    public async Task A_rollout_a_drain_and_a_change_of_size_lose_no_connection_not_even_with_agents_killed()
    {
        Deploy("steady", 30085, replicas: 3, "{sleep: {seconds: 8} }", "");
        using var places = Places("steady", 30085);
        using var stop = new CancellationTokenSource();
        Task[] load = [.. places.All.Select(place => AskAsync(place, stop.Token))];
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
        cluster.Kubectl("delete", "deployment/steady", "service/steady", "pod/steady-visitor", "--wait=false");
    }

    /// <summary>A Deployment of stand-ins with a Service of every kind before it, and a pod <c>NAME-visitor</c>; all of them ready.</summary>
    private void Deploy(string name, int nodePort, int replicas, string preStop, string volumes)
    {
        cluster.Apply($$"""
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: {{name}}}
            spec:
              replicas: {{replicas}}
              selector: {matchLabels: {app: {{name}}} }
              strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1} }
              template:
                metadata: {labels: {app: {{name}}} }
                spec:
                  terminationGracePeriodSeconds: 300
                  containers:
                  - name: main
                    image: registry.example/web:1
                    ports: [{containerPort: 8080}]
                    readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
                    lifecycle: {preStop: {{preStop}}}
            {{volumes}}
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: {{name}}}
            spec: {type: LoadBalancer, selector: {app: {{name}}}, ports: [{port: 80, targetPort: 8080, nodePort: {{nodePort}}}] }
            """);
        cluster.StandIn($"{name}-visitor", 1);
        cluster.Kubectl("rollout", "status", $"deployment/{name}", "--timeout=120s");
        cluster.Kubectl("wait", "--for=condition=Ready", $"pod/{name}-visitor", "--timeout=120s");
        cluster.Kubectl("wait", "--for=jsonpath={.status.loadBalancer.ingress[0].ip}", $"service/{name}", "--timeout=120s");
    }

    /// <summary>From where the Service is asked, and as what: from outside by its balancer's address and a node port of either node, from a pod by its cluster address.</summary>
    private ServicePlaces Places(string name, int nodePort)
    {
        var outside = NetNamespace.Open(cluster.OutsidePath);
        var uid = cluster.Kubectl("get", "pod", $"{name}-visitor", "-o", "jsonpath={.metadata.uid}");
        var visitor = NetNamespace.Open($"/run/fairlead/{cluster.Name}/pods/default_{name}-visitor_{uid}/net");
        return new ServicePlaces(outside, visitor,
        [
            new(outside, End(cluster.Kubectl("get", "service", name, "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}"), 80)),
            new(outside, End("172.30.0.11", nodePort)), new(outside, End("172.30.0.12", nodePort)),
            new(visitor, End(cluster.Kubectl("get", "service", name, "-o", "jsonpath={.spec.clusterIP}"), 80)),
        ]);

        static IPEndPoint End(string address, int port) => new(IPAddress.Parse(address), port);
    }

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

    private async Task AskAsync(ServicePlace place, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            if (await TryAsync(place) is { Length: > 0 } failure)
            {
                _failures.Add($"{place}: {failure}");
            }

            Interlocked.Increment(ref _answers);

            // Paced: others share the machine's cores.
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
        }
    }

    private static async Task UntilAsync(ServicePlace place, string outcome)
    {
        var deadline = Deadline.Token();
        while (await TryAsync(place) is { } seen && seen != outcome)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, deadline);
        }
    }

    /// <summary>One connection with one request; empty when it was answered, else what went wrong.</summary>
    private static async Task<string> TryAsync(ServicePlace place)
    {
        using var socket = place.Open();
        try
        {
            await socket.ConnectAsync(place.Service, Deadline.Token());
            return await RequestAsync(socket) is var answer && answer.Contains("\"pod\":", StringComparison.Ordinal) ? "" : $"answered {answer}";
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

    /// <summary>One request on a connection, and its answer, which ends with the object that it is.</summary>
    private static async Task<string> RequestAsync(Socket socket)
    {
        await socket.SendAsync("GET / HTTP/1.1\r\nHost: service\r\n\r\n"u8.ToArray(), Deadline.Token());
        var (answer, buffer) = (new StringBuilder(), new byte[1024]);
        do
        {
            var length = await socket.ReceiveAsync(buffer, Deadline.Token());
            if (length == 0)
            {
                break;
            }

            answer.Append(Encoding.ASCII.GetString(buffer, 0, length));
        }
        while (!answer.ToString().TrimEnd().EndsWith('}'));

        return answer.ToString();
    }

    /// <summary>A Service as it is asked from somewhere.</summary>
    private sealed record ServicePlace(NetNamespace From, IPEndPoint Service)
    {
        public Socket Open() => From.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));

        public override string ToString() => $"{Service}";
    }

    private sealed record ServicePlaces(NetNamespace Outside, NetNamespace Visitor, ServicePlace[] All) : IDisposable
    {
        public void Dispose()
        {
            Outside.Dispose();
            Visitor.Dispose();
        }
    }
}
