using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Processes;
using Fairlead.Pods.Containers;
using Fairlead.Pods.Sandbox;

namespace Fairlead.Pods.Lifecycle;

/// <summary>Carries out one probe: by network from the node's namespace, as kubelet does, or by a command in the container.</summary>
internal sealed class Prober(PodWorker pod, ContainerRecord container)
{
    /// <summary>Empty when the probe succeeded, else why not.</summary>
    /// <param name="probe">The probe.</param>
    /// <param name="kind">Which it is, for Events: <c>Readiness</c>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal async Task<string> ProbeAsync(JsonObject probe, string kind, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(Math.Max(1, probe.Number(1, "timeoutSeconds"))), pod.Context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await RunAsync(probe, container.StandIn is null ? null : lacking => TellNotRun(kind, lacking), either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return "timeout";
        }
    }

    /// <summary>Carries out the action of a probe or hook, without a limit of its own. Empty when it succeeded, else why not.</summary>
    internal Task<string> RunAsync(JsonObject action, CancellationToken cancellationToken) => RunAsync(action, null, cancellationToken);

    private async Task<string> RunAsync(JsonObject action, Action<string>? lacks, CancellationToken cancellationToken)
    {
        try
        {
            return action.Object("exec") is { } exec ? await ExecuteAsync(exec.Texts("command"), lacks, cancellationToken)
                : action.Object("httpGet") is { } http ? await GetAsync(http, cancellationToken)
                : action.Object("tcpSocket") is { } tcp ? await ConnectAsync(tcp, cancellationToken)
                : action.Object("grpc") is { } grpc ? await CheckAsync(grpc, cancellationToken) : "";
        }
        catch (Exception e) when (e is SocketException or IOException or ContainerFailure)
        {
            return e.Message;
        }
    }

    /// <summary>Executes a command. When it may lack what it would ask, which was in an image that is not run, that counts as success and is told.</summary>
    private async Task<string> ExecuteAsync(IReadOnlyList<string> command, Action<string>? lacks, CancellationToken cancellationToken)
    {
        try
        {
            var code = await ExitCodeAsync(command, cancellationToken);
            if (lacks is null || code != ExecutableMissing.ShellCode)
            {
                return code == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"command exited with code {code}");
            }

            lacks($"an executable that \"{string.Join(' ', command)}\" starts");
        }
        catch (ExecutableMissing) when (lacks is not null)
        {
            lacks($"executable \"{command[0]}\"");
        }

        return "";
    }

    // Once for a container, whatever its probes: which it concerns is in its manifest.
    private void TellNotRun(string kind, string lacking)
    {
        if (container.TakeProbeNotRun())
        {
            pod.Events.Warning("ProbeNotRun", $"{kind} probe not run: {lacking} is not found on the host, counted as passed", container.Spec.Name);
        }
    }

    private async Task<int> ExitCodeAsync(IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        var (inside, launch) = await PlaceAsync(cancellationToken);
        var entered = launch with { Command = command, Tty = false, Stdin = false };
        var (child, _) = OwnThread.Run(() => ContainerStarter.Enter(inside, entered, options =>
            options.Open(0, "/dev/null", FileAccess.Read).Open(1, "/dev/null", FileAccess.Write).Open(2, "/dev/null", FileAccess.Write)));
        using (child)
        {
            try
            {
                return (await child.WaitAsync(pod.Context.Reactor, cancellationToken)).ShellCode;
            }
            catch (OperationCanceledException)
            {
                // Reaped as well: until it is, the kernel lets process 1 of its namespace not go, and the container never ends.
                child.Signal(Signals.Kill);
                await child.WaitAsync(pod.Context.Reactor, CancellationToken.None);
                throw;
            }
        }
    }

    /// <summary>The process whose namespaces are entered, and what the container was, or would be, started with.</summary>
    private async Task<(ChildProcess Inside, ContainerLaunch Launch)> PlaceAsync(CancellationToken cancellationToken)
    {
        if (container.StandIn is not null)
        {
            var (holder, idle) = await pod.Holders.OfAsync(container, cancellationToken);
            return (holder.Process, idle);
        }

        return container is { Process: { } process, Launch: { } launch } ? (process.Process, launch)
            : throw new ContainerFailure("the container is not running, or what it was started with is not known");
    }

    private async Task<string> ConnectAsync(JsonObject target, CancellationToken cancellationToken)
    {
        using var socket = await OpenAsync(target, cancellationToken);
        return "";
    }

    private async Task<string> CheckAsync(JsonObject target, CancellationToken cancellationToken)
    {
        // A stand-in does not speak gRPC; that it listens is all there is to its health.
        return container.StandIn is not null ? await ConnectAsync(target, cancellationToken) : await GrpcHealth.CheckAsync(
            token => OpenAsync(target, token), new IPEndPoint(IPAddress.Parse(pod.Addresses[0]), target.Number(0, "port")).ToString(), target.Text("service"), cancellationToken);
    }

    private async Task<string> GetAsync(JsonObject target, CancellationToken cancellationToken)
    {
        using var socket = await OpenAsync(target, cancellationToken);
        if (target.Text("scheme") == "HTTPS")
        {
            return "";
        }

        var path = target.TextOr("/", "path");
        var headers = string.Concat(target.Objects("httpHeaders").Select(header => $"{header.Text("name")}: {header.Text("value")}\r\n"));
        var host = headers.Contains("Host:", StringComparison.OrdinalIgnoreCase) ? "" : $"Host: {pod.Addresses[0]}\r\n";
        var request = $"GET {(path.StartsWith('/') ? path : "/" + path)} HTTP/1.1\r\n{host}{headers}User-Agent: kube-probe/fairlead\r\nConnection: close\r\n\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes(request), cancellationToken);
        var buffer = new byte[1024];
        var held = 0;
        while (held < "HTTP/1.1 200".Length)
        {
            var count = await socket.ReceiveAsync(buffer.AsMemory(held), cancellationToken);
            if (count == 0)
            {
                return "the connection was closed without an answer";
            }

            held += count;
        }

        var code = Encoding.ASCII.GetString(buffer, 0, held).Split(' ') is [_, { Length: >= 3 } text, ..]
            && int.TryParse(text.AsSpan(0, 3), CultureInfo.InvariantCulture, out var number) ? number : 0;
        return code is >= 200 and < 400 ? "" : string.Create(CultureInfo.InvariantCulture, $"HTTP probe failed with statuscode: {code}");
    }

    private async Task<Socket> OpenAsync(JsonObject target, CancellationToken cancellationToken)
    {
        var host = target.TextOr(pod.Addresses.Count > 0 ? pod.Addresses[0] : "", "host");
        var port = container.Spec.Port(target["port"]);
        if (!IPAddress.TryParse(host, out var address) || port is <= 0 or > 65535)
        {
            throw new ContainerFailure($"the probe names no usable address and port: {target.ToJsonString()}");
        }

        return await NetnsSocket.ConnectAsync(pod.Node.NetworkNamespace, address, port, cancellationToken);
    }
}
