using Fairlead.Cluster.Model;
using Fairlead.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.Dns.Config;

/// <summary>Puts every text of a ConfigMap to work as soon as it is there. One that is not understood changes nothing.</summary>
/// <param name="table">Where the ConfigMap is.</param>
/// <param name="key">Which it is.</param>
/// <param name="builtIn">What holds while there is none.</param>
/// <param name="use">Puts a configuration to work.</param>
/// <param name="counters">What is counted.</param>
/// <param name="log">Log.</param>
internal sealed class CorefileFollower(
    Table<ObjectKey, ConfigMapRow> table, ObjectKey key, DnsConfig builtIn, Action<DnsConfig> use, DnsCounters counters, ILogger log)
{
    private readonly TaskCompletionSource _known = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DnsConfig? _current;
    private ConfigMapRow? _judged;
    private bool _started;

    /// <summary>Raised for each text, after what follows from it has been done.</summary>
    public event Action<DnsConfigOutcome>? Judged;

    /// <summary>Completes when the table has been listed once and what was found is in force.</summary>
    public Task Known => _known.Task;

    /// <summary>Follows until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var wake = new Wake();
        using var feed = table.Subscribe();
        feed.Signalled += wake.Ring;
        while (true)
        {
            var take = feed.Take();
            if (take.Initialized)
            {
                Follow(take.Rows.GetValueOrDefault(key));
                _known.TrySetResult();
            }

            await wake.WaitAsync(cancellationToken);
        }
    }

    private void Follow(ConfigMapRow? row)
    {
        var old = _judged;
        _judged = row;
        if (row is null)
        {
            Use(builtIn);
            if (old is not null || !_started)
            {
                log.NoCorefile(key);
            }
        }
        else if (old is null || !SameData(old, row))
        {
            Judge(row);
        }

        _started = true;
    }

    private void Judge(ConfigMapRow row)
    {
        var reading = row.Data.TryGetValue(Corefile.Key, out var text)
            ? Corefile.Read(text, row.Data)
            : new CorefileReading(null, [$"ConfigMap {key} has no key {Corefile.Key}"], []);
        if (reading.Config is { } config)
        {
            Use(config);
            log.CorefileApplied(key, string.Join("; ", reading.Warnings));
        }
        else
        {
            counters.CountReloadFailure();
            log.CorefileRejected(key, string.Join("; ", reading.Errors));
        }

        Judged?.Invoke(new DnsConfigOutcome(row, !_started, reading.Errors, reading.Warnings));
    }

    private void Use(DnsConfig config)
    {
        if (config != (_current ?? builtIn))
        {
            use(config);
            _current = config;
        }
    }

    private static bool SameData(ConfigMapRow left, ConfigMapRow right) => left.Uid == right.Uid && left.Data.Count == right.Data.Count
        && left.Data.All(pair => right.Data.TryGetValue(pair.Key, out var value) && value == pair.Value);
}
