using System.Net.Sockets;
using Fairlead.Pods.StandIns;
using Fairlead.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Pods;

public sealed class AcceptLoopTests
{
    [Fact]
    public async Task After_a_failure_it_waits_by_the_clock_before_it_asks_again()
    {
        var time = new FakeTimeProvider();
        using var stop = new CancellationTokenSource();
        var asked = 0;
        var loop = AcceptLoop.RunAsync(
            _ => ++asked < 1000 ? throw new SocketException((int)SocketError.TooManyOpenSockets) : default, _ => { }, _ => { }, time, stop.Token);
        Assert.Equal(1, asked);

        time.Advance(AcceptLoop.Pause);
        Assert.Equal(2, asked);

        await stop.CancelAsync();
        await loop.WaitAsync(Deadline.Token());
    }
}
