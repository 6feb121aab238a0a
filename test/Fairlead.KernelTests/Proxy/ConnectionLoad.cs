using System.Collections.Concurrent;
using System.Net.Sockets;
using Fairlead.Linux.Addresses;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Proxy;

/// <summary>Connections through Services to servers that send back what comes: old ones that go on, new ones one after the other, and what failed of them.</summary>
internal sealed class ConnectionLoad
{
    private readonly ConcurrentBag<string> _failures = [];
    private int _rounds;

    /// <summary>What went wrong so far.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    /// <summary>One connection all along.</summary>
    public Task TalkAsync(TestNetns from, IpAddr address, int port, CancellationToken stop) => LoopAsync($"{address}: the old connection", async () =>
    {
        using var socket = await ServiceLab.ConnectAsync(from, address, port);
        while (!stop.IsCancellationRequested)
        {
            await RoundAsync(socket);
        }
    });

    /// <summary>One connection after the other.</summary>
    public Task ConnectAgainAsync(TestNetns from, IpAddr address, int port, CancellationToken stop) => LoopAsync($"{address}: a new connection", async () =>
    {
        while (!stop.IsCancellationRequested)
        {
            using var socket = await ServiceLab.ConnectAsync(from, address, port);
            await RoundAsync(socket);
        }
    });

    /// <summary>Waits until so many more rounds are done; fails the test when one has failed.</summary>
    public async Task RoundsAsync(int more)
    {
        var (wanted, deadline) = (Volatile.Read(ref _rounds) + more, Deadline.Token());
        while (Volatile.Read(ref _rounds) < wanted && _failures.IsEmpty)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, deadline);
        }

        Assert.Empty(_failures);
    }

    private async Task RoundAsync(Socket socket)
    {
        var block = BitConverter.GetBytes(Interlocked.Increment(ref _rounds));
        Assert.Equal(block, await ServiceLab.ExchangeAsync(socket, block));

        // Paced: others share the machine's cores.
        await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, CancellationToken.None);
    }

    private async Task LoopAsync(string what, Func<Task> loop)
    {
        try
        {
            await loop();
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or Xunit.Sdk.XunitException)
        {
            _failures.Add($"{what}: {e.Message}");
        }
    }
}
