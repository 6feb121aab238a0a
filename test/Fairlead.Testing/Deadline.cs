namespace Fairlead.Testing;

/// <summary>How long a test waits for something that must happen before it fails, so that a hang is a failure.</summary>
public static class Deadline
{
    public static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    public static CancellationToken Token() => new CancellationTokenSource(Long).Token;
}
