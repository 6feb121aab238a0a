namespace Fairlead.OneMachine;

/// <summary>One process of a running cluster. A process id alone may be somebody else's by now; with its start time it is not.</summary>
/// <param name="Name">Its role: <c>up</c>, <c>pods</c>, <c>agent NODE</c>.</param>
/// <param name="Pid">Process id.</param>
/// <param name="StartTicks">Start time in clock ticks since boot (/proc/PID/stat, field 22).</param>
/// <param name="Restarts">How often it was started anew.</param>
/// <param name="LastExit">How it ended last; empty if it never did.</param>
internal sealed record ProcessRecord(string Name, int Pid, long StartTicks, int Restarts, string LastExit);

/// <summary>What `down` and a later `up` must know of a running cluster, written at every change to it.</summary>
internal sealed record RuntimeRecord
{
    /// <summary>The supervising process.</summary>
    public required ProcessRecord Supervisor { get; init; }

    /// <summary>The processes it started.</summary>
    public IReadOnlyList<ProcessRecord> Children { get; init; } = [];

    /// <summary>Name of the host's link to the fabric.</summary>
    public string HostLink { get; init; } = "";

    /// <summary>The kubeconfig file that `up` merged the context into; empty for none.</summary>
    public string KubeconfigFile { get; init; } = "";

    /// <summary>The current context that `up` replaced; empty for none.</summary>
    public string ReplacedContext { get; init; } = "";

    /// <summary>True once everything was ready.</summary>
    public bool Ready { get; init; }
}
