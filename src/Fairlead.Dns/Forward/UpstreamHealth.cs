using Fairlead.Dns.Config;

namespace Fairlead.Dns.Forward;

/// <summary>
/// Whether an upstream answers. After a failure it is checked until it does; nobody is checked who never failed. Failures of questions and of checks count
/// alike, so that one that is gone is known to be after two.
/// </summary>
/// <param name="context">How often, and after how many failures in a row an upstream is down.</param>
/// <param name="counters">What is counted.</param>
/// <param name="check">Asks it something; false: there was no answer.</param>
/// <param name="ended">The upstream is one no more.</param>
internal sealed class UpstreamHealth(UpstreamContext context, UpstreamCounters counters, Func<CancellationToken, Task<bool>> check, CancellationToken ended)
{
    private readonly ForwardOptions _options = context.Options;
    private int _fails;
    private int _checking;

    /// <summary>It failed last.</summary>
    public bool IsFailing => Volatile.Read(ref _fails) > 0;

    /// <summary>It failed so often that nobody asks it until a check succeeds.</summary>
    public bool IsDown => _options.MaxFails > 0 && Volatile.Read(ref _fails) >= _options.MaxFails;

    /// <summary>It has answered.</summary>
    public void Succeed()
    {
        var before = Volatile.Read(ref _fails);
        if (before > 0 && Interlocked.Exchange(ref _fails, 0) >= _options.MaxFails)
        {
            context.Log.UpstreamUp(counters.Address);
        }
    }

    /// <summary>It has not answered.</summary>
    public void Fail()
    {
        if (_options.MaxFails == 0)
        {
            return;
        }

        Add();
        if (Interlocked.Exchange(ref _checking, 1) == 0)
        {
            _ = CheckAsync();
        }
    }

    private async Task CheckAsync()
    {
        try
        {
            while (!await check(ended))
            {
                var pause = Task.Delay(_options.HealthCheck, context.Time, ended);
                counters.CountHealthCheckFailure();
                Add();
                await pause;
            }

            Succeed();
        }
        catch (OperationCanceledException)
        {
            // The upstream is gone, and its health with it.
        }
        finally
        {
            Volatile.Write(ref _checking, 0);
        }
    }

    private void Add()
    {
        if (Interlocked.Increment(ref _fails) == _options.MaxFails)
        {
            context.Log.UpstreamDown(counters.Address);
        }
    }
}
