namespace Fairlead.Testing;

/// <summary>How long a test waits for something that must happen before it fails, so that a hang is a failure.</summary>
public static class Deadline
{
    /// <summary>Far more than a slow machine with all cores taken needs: nothing waits so long unless it hangs.</summary>
    public static readonly TimeSpan Long = TimeSpan.FromSeconds(120);

    public static CancellationToken Token() => new CancellationTokenSource(Long).Token;
}
