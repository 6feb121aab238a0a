using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Fairlead.Ingress;
using Fairlead.Testing;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Fairlead.Tests.Ingress;

/// <summary>What a client may hold, and for how long; and how the listener ends.</summary>
public sealed class ListeningLimitsTests
{
    private const string Ask = "GET / HTTP/1.1\r\nHost: a.org\r\nConnection: close\r\n\r\n";

    [Fact]
    public async Task All_that_a_client_may_hold_is_bounded()
    {
        KestrelServerLimits? limits = null;
        await using var lab = await ListeningLab.StartAsync(adjust: server => limits = server.Limits);
        Assert.NotNull(limits);
        Assert.Equal(TimeSpan.FromSeconds(15), limits.RequestHeadersTimeout);
        Assert.Equal(TimeSpan.FromSeconds(75), limits.KeepAliveTimeout);
        Assert.Equal(20_000, limits.MaxConcurrentConnections);
        Assert.Equal(20_000, limits.MaxConcurrentUpgradedConnections);
        Assert.Equal(128, limits.Http2.MaxStreamsPerConnection);
        Assert.Equal(240, limits.MinRequestBodyDataRate!.BytesPerSecond);
        Assert.Equal(240, limits.MinResponseDataRate!.BytesPerSecond);
        Assert.Null(limits.MaxRequestBodySize);
    }

    [Fact]
    public async Task Headers_that_do_not_come_in_time_are_answered_with_408_and_the_connection_ends()
    {
        await using var lab = await ListeningLab.StartAsync(adjust: server => server.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(1));
        Assert.Equal(408, Assert.Single(await lab.AskAsync("GET / HTTP/1.1\r\nHost: a.org\r\nX-A: ")).Status);
    }

    [Fact]
    public async Task A_body_that_does_not_come_is_not_waited_for()
    {
        await using var lab = await ListeningLab.StartAsync(
            adjust: server => server.Limits.MinRequestBodyDataRate = new MinDataRate(240, TimeSpan.FromSeconds(2)));
        Assert.Equal(408, Assert.Single(await lab.AskAsync("POST / HTTP/1.1\r\nHost: a.org\r\nContent-Length: 10\r\n\r\nab")).Status);
    }

    [Fact]
    public async Task A_connection_without_a_request_is_ended()
    {
        await using var lab = await ListeningLab.StartAsync(adjust: server => server.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(1));
        await using var stream = await lab.ConnectAsync();
        Assert.Empty(await ListeningLab.ReadToEndAsync(stream));
    }

    [Fact]
    public async Task Connections_beyond_the_bound_are_closed_and_those_within_served()
    {
        await using var lab = await ListeningLab.StartAsync(adjust: server => server.Limits.MaxConcurrentConnections = 1);
        await using var first = await lab.ConnectAsync();

        // It is counted when it is served, not yet when it is connected.
        await ListeningLab.AnsweredAsync(first);
        await using var second = await lab.ConnectAsync();
        Assert.Empty(await ListeningLab.ReadToEndAsync(second));
        Assert.Equal(200, Assert.Single(await ListeningLab.AskAsync(first, Ask)).Status);
    }

    [Fact]
    public async Task Stopping_takes_no_more_connections_and_finishes_what_runs()
    {
        var (started, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var lab = await ListeningLab.StartAsync(handler: async context =>
        {
            started.SetResult();
            await go.Task;
            await ListeningLab.EchoAsync(context);
        });
        await using var idle = await lab.ConnectAsync();
        await using var busy = await lab.ConnectAsync();
        await ListeningLab.SendAsync(busy, "GET / HTTP/1.1\r\nHost: a.org\r\n\r\n");
        await started.Task.WaitAsync(Deadline.Token());

        var stopping = lab.Listener.StopAsync(Deadline.Token());
        Assert.Empty(await ListeningLab.ReadToEndAsync(idle));
        await Assert.ThrowsAsync<SocketException>(lab.ConnectAsync);
        Assert.False(stopping.IsCompleted);

        go.SetResult();
        var answer = Assert.Single(RawAnswer.Split(await ListeningLab.ReadToEndAsync(busy)));
        Assert.Equal(200, answer.Status);
        Assert.Contains("Connection: close", answer.Head, StringComparison.Ordinal);
        await stopping;
    }

    [Fact]
    public async Task Stopping_does_not_wait_longer_than_told()
    {
        var (started, aborted) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var lab = await ListeningLab.StartAsync(handler: async context =>
        {
            using var registration = context.RequestAborted.Register(aborted.SetResult);
            started.SetResult();
            await aborted.Task;
        });
        await using var busy = await lab.ConnectAsync();
        await ListeningLab.SendAsync(busy, Ask);
        await started.Task.WaitAsync(Deadline.Token());
        await lab.Listener.StopAsync(new CancellationToken(canceled: true));
        await aborted.Task.WaitAsync(Deadline.Token());
    }

    [Fact]
    public async Task An_address_in_use_is_said()
    {
        await using var lab = await ListeningLab.StartAsync();
        var taken = ListeningLab.Loopback with { Http = lab.Listener.Http };
        var error = await Assert.ThrowsAsync<IOException>(() => ListeningLab.StartAsync(taken));
        Assert.Contains($"the ingress cannot listen on {lab.Listener.Http}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Both_families_are_answered_and_IPv4_is_called_IPv4()
    {
        var any = new IngressOptions { Http = new IPEndPoint(IPAddress.IPv6Any, 0), Https = new IPEndPoint(IPAddress.IPv6Any, 0) };
        await using var lab = await ListeningLab.StartAsync(any);
        Assert.Contains("client 127.0.0.1:", Assert.Single(await lab.AskAsync(Ask)).Body, StringComparison.Ordinal);
        await using var stream = await lab.ConnectTlsAsync("a.org", SslApplicationProtocol.Http11);
        Assert.Contains($"to 127.0.0.1:{lab.Listener.Https.Port}", Assert.Single(await ListeningLab.AskAsync(stream, Ask)).Body, StringComparison.Ordinal);
    }
}
