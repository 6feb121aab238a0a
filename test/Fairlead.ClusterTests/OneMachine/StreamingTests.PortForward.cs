using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

public sealed partial class StreamingTests
{
    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public async Task Ports_are_forwarded_both_ways_whole_and_many_at_once(string overWebSocket)
    {
        var name = $"echo-{overWebSocket}";
        cluster.Apply(
            $$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: {{name}}}
            spec:
              containers:
              - name: c
                image: busybox
                command: [busybox, nc, -ll, -p, "9000", -e, cat]
                readinessProbe:
                  tcpSocket:
                    port: 9000
                  periodSeconds: 1
            """);
        cluster.Kubectl("wait", "--for=condition=Ready", $"pod/{name}", "--timeout=120s");
        await using var forward = await Forward.StartAsync(cluster, overWebSocket, $"pod/{name}", ":9000");
        var sent = Enumerable.Range(0, 8).Select(index => RandomNumberGenerator.GetBytes(index * 300_000)).ToArray();

        var received = await Task.WhenAll(sent.Select(bytes => EchoAsync(forward.Port, bytes)));

        Assert.Equal(sent, received);
        cluster.Kubectl("delete", "pod", name, "--now");
    }

    [Fact]
    public async Task A_service_is_forwarded_to_a_pod_that_sees_its_own_loopback()
    {
        await using var forward = await Forward.StartAsync(cluster, "true", "service/api-service", ":80");

        var answer = JsonNode.Parse(cluster.Outside("curl", "-sS", "--max-time", "30", $"http://127.0.0.1:{forward.Port}/").Output)!;

        Assert.Equal(("web", "127.0.0.1:80"), ((string?)answer["pod"], (string?)answer["address"]));
        Assert.StartsWith("127.0.0.1:", (string?)answer["client"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_nobody_listens_on_is_named_and_ends_the_forwarding()
    {
        await using var forward = await Forward.StartAsync(cluster, "true", "pod/shell", ":81");

        cluster.Outside("curl", "-s", "--max-time", "30", $"http://127.0.0.1:{forward.Port}/");

        Assert.Contains("error forwarding port 81 to pod default/shell: 127.0.0.1:81: Connection refused", await forward.ErrorAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deleted_pod_ends_its_forwarding()
    {
        cluster.Kubectl("run", "brief", "--image=busybox", "--", "sleep", "86400");
        cluster.Kubectl("wait", "--for=condition=Ready", "pod/brief", "--timeout=120s");
        await using var forward = await Forward.StartAsync(cluster, "true", "pod/brief", ":9000");

        cluster.Kubectl("delete", "pod", "brief", "--now");

        Assert.Contains("lost connection to pod", await forward.ErrorAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ports_are_forwarded_over_the_channels_of_a_WebSocket()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("fl-ws").FullName, "api.sock");
        using var proxy = cluster.Start(ClusterFixture.KubectlProgram, "proxy", $"--unix-socket={path}");
        Assert.StartsWith("Starting to serve", await proxy.StandardOutput.ReadLineAsync(Deadline.Token()), StringComparison.Ordinal);
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler { ConnectCallback = (_, end) => ConnectAsync(path, end) });
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("v4.channel.k8s.io");

        await socket.ConnectAsync(new Uri("ws://localhost/api/v1/namespaces/default/pods/web/portforward?ports=80&ports=81"), invoker, Deadline.Token());
        var request = Encoding.ASCII.GetBytes("\0GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n");
        await socket.SendAsync(request.AsMemory(0, 5), WebSocketMessageType.Binary, endOfMessage: false, Deadline.Token());
        await socket.SendAsync(request.AsMemory(5), WebSocketMessageType.Binary, endOfMessage: true, Deadline.Token());
        var channels = await ReadChannelsAsync(socket);

        Assert.Equal([80, 0], channels[0][..2]);
        Assert.Contains("\"pod\":\"web\"", Encoding.ASCII.GetString(channels[0].ToArray()), StringComparison.Ordinal);
        Assert.Equal([80, 0], channels[1]);
        Assert.Equal([81, 0], channels[2]);
        Assert.Contains("Connection refused", Encoding.ASCII.GetString(channels[3].ToArray()), StringComparison.Ordinal);
        proxy.Kill();
    }

    /// <summary>All that comes on each channel until the server closes.</summary>
    private static async Task<Dictionary<int, List<byte>>> ReadChannelsAsync(ClientWebSocket socket)
    {
        var channels = new Dictionary<int, List<byte>>();
        var buffer = new byte[64 * 1024];
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), Deadline.Token());
            if (received.MessageType == WebSocketMessageType.Close)
            {
                return channels;
            }

            Assert.True(received.EndOfMessage);
            channels.TryAdd(buffer[0], []);
            channels[buffer[0]].AddRange(buffer[1..received.Count]);
        }
    }

    private static async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    /// <summary>Sends all, says so, and reads to the end.</summary>
    private async Task<byte[]> EchoAsync(int port, byte[] bytes)
    {
        using var socket = cluster.InOutside(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        await socket.ConnectAsync(IPAddress.Loopback, port, Deadline.Token());
        await using var stream = new NetworkStream(socket);
        var writing = WriteAsync();
        using var answer = new MemoryStream();
        await stream.CopyToAsync(answer, Deadline.Token());
        await writing;
        return answer.ToArray();

        async Task WriteAsync()
        {
            await stream.WriteAsync(bytes, Deadline.Token());
            socket.Shutdown(SocketShutdown.Send);
        }
    }

    /// <summary>A running <c>kubectl port-forward</c> on a port of its choice.</summary>
    private sealed class Forward : IAsyncDisposable
    {
        private readonly Process _process;

        private Forward(Process process, int port) => (_process, Port) = (process, port);

        public int Port { get; }

        public static async Task<Forward> StartAsync(ClusterFixture cluster, string overWebSocket, params string[] arguments)
        {
            var process = cluster.Start("env", [$"KUBECTL_PORT_FORWARD_WEBSOCKETS={overWebSocket}", ClusterFixture.KubectlProgram, "port-forward", .. arguments]);
            var line = await process.StandardOutput.ReadLineAsync(Deadline.Token()) ?? await process.StandardError.ReadToEndAsync(Deadline.Token());
            Assert.StartsWith("Forwarding from 127.0.0.1:", line, StringComparison.Ordinal);
            return new Forward(process, int.Parse(line.Split(':')[1].Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture));
        }

        /// <summary>What it has complained of once it has ended by itself.</summary>
        public Task<string> ErrorAsync() => _process.StandardError.ReadToEndAsync(Deadline.Token());

        public async ValueTask DisposeAsync()
        {
            _process.Kill();
            await _process.WaitForExitAsync(Deadline.Token());
            _process.Dispose();
        }
    }
}
