using System.Net.Sockets;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>A Service that loses all of its pods, and gets some again.</summary>
public sealed partial class ServiceUnderLoadTests
{
    private const int IdlePort = 30086;

    /// <summary>
    /// As long as the last pods terminate and serve, they are asked (KEP-1669); with none left connections are refused, not lost; and at no time does one hang
    /// between the two, which the kernel's count of repeated SYNs would tell.
    /// </summary>
    [Fact]
    public async Task A_Service_scaled_to_zero_serves_while_pods_terminate_then_refuses_at_once_and_serves_again()
    {
        var directory = Directory.CreateDirectory($"/opt/{cluster.Name}-idle").FullName;
        try
        {
            Deploy("idle", IdlePort, replicas: 2, "{exec: {command: [sh, -c, \"until [ -e /out/go ]; do sleep 0.1; done\"]} }", $$"""
                                volumeMounts: [{name: out, mountPath: /out}]
                              volumes: [{name: out, hostPath: {path: {{directory}}} }]
                        """);
            using var places = Places("idle", IdlePort);
            await Task.WhenAll(places.All.Select(place => UntilAsync(place, "")));
            var established = await Task.WhenAll(places.All.Select(ConnectAsync));
            await WhileTheyTerminateAsync(places, established);

            File.WriteAllText($"{directory}/go", "");
            cluster.Kubectl("wait", "--for=delete", "pod", "-l", "app=idle", "--timeout=120s");
            Assert.All(await Task.WhenAll(established.Select(EndAsync)), end => Assert.Contains(end, new[] { "closed", "ConnectionReset" }));
            await Task.WhenAll(places.All.Select(place => UntilAsync(place, "ConnectionRefused")));

            var repeated = RepeatedSyns(places);
            await RefusedThenServedAsync(places);
            Assert.Equal(repeated, RepeatedSyns(places));
        }
        finally
        {
            File.WriteAllText($"{directory}/go", "");
            cluster.Kubectl("delete", "deployment/idle", "service/idle", "pod/idle-visitor", "--wait=false");
            cluster.Kubectl("wait", "--for=delete", "pod", "-l", "app=idle", "--timeout=120s");
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>Connections from before go on, new ones succeed: nobody is ready any more, and those that leave have been told to, but not yet gone.</summary>
    private async Task WhileTheyTerminateAsync(ServicePlaces places, Socket[] established)
    {
        using var stop = new CancellationTokenSource();
        Task[] load = [.. places.All.Select(place => AskAsync(place, stop.Token))];
        await HoldsAsync("with two replicas");
        cluster.Kubectl("scale", "deployment/idle", "--replicas=0");
        ClusterFixture.Until(
            () => cluster.Kubectl("get", "endpointslices", "-l", "kubernetes.io/service-name=idle", "-o",
                "jsonpath={range .items[*].endpoints[*].conditions}{.ready} {.serving} {.terminating};{end}"),
            conditions => conditions == "false true true;false true true;");
        foreach (var socket in established)
        {
            Assert.Contains("\"pod\":\"idle-", await RequestAsync(socket), StringComparison.Ordinal);
        }

        await HoldsAsync("with two that terminate");
        await stop.CancelAsync();
        await Task.WhenAll(load);
    }

    /// <summary>Every connection is refused or answered; and where one was answered, none is refused any more.</summary>
    private async Task RefusedThenServedAsync(ServicePlaces places)
    {
        foreach (var place in places.All)
        {
            for (var i = 0; i < 25; i++)
            {
                Assert.Equal("ConnectionRefused", await TryAsync(place));
            }
        }

        Task[] asking = [.. places.All.Select(UntilServedAsync)];
        cluster.Kubectl("scale", "deployment/idle", "--replicas=2");
        await Task.WhenAll(asking);
    }

    private static async Task UntilServedAsync(ServicePlace place)
    {
        var (deadline, served) = (Deadline.Token(), 0);
        while (served < 50)
        {
            var outcome = await TryAsync(place);
            Assert.True(outcome.Length == 0 || (outcome == "ConnectionRefused" && served == 0), $"{place}, after {served} answers: {outcome}");
            served += outcome.Length == 0 ? 1 : 0;
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, deadline);
        }
    }

    private static async Task<Socket> ConnectAsync(ServicePlace place)
    {
        var socket = place.Open();
        await socket.ConnectAsync(place.Service, Deadline.Token());
        Assert.Contains("\"pod\":\"idle-", await RequestAsync(socket), StringComparison.Ordinal);
        return socket;
    }

    /// <summary>How a connection ends that has nothing more to say.</summary>
    private static async Task<string> EndAsync(Socket socket)
    {
        using (socket)
        {
            try
            {
                return await socket.ReceiveAsync(new byte[1], Deadline.Token()) == 0 ? "closed" : "more";
            }
            catch (SocketException e)
            {
                return e.SocketErrorCode.ToString();
            }
        }
    }

    /// <summary>How often clients have sent a SYN again, since nobody had answered the first: the kernel's TCPSynRetrans of each namespace.</summary>
    private static long[] RepeatedSyns(ServicePlaces places) => [.. new[] { places.Outside, places.Visitor }.Select(netns => netns.Run(() =>
    {
        var lines = File.ReadAllLines("/proc/thread-self/net/netstat");
        return long.Parse(lines[1].Split(' ')[Array.IndexOf(lines[0].Split(' '), "TCPSynRetrans")], System.Globalization.CultureInfo.InvariantCulture);
    }))];
}
