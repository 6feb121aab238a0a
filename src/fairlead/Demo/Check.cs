namespace Fairlead.Demo;

/// <summary>One statement of the lesson, as something to try.</summary>
/// <param name="Tried">What is tried; the same on every run of the same cluster.</param>
/// <param name="Expected">What must be seen.</param>
/// <param name="Run">Tries it. Bounded in time; failures to reach anybody are sights, not exceptions.</param>
internal sealed record Check(string Tried, string Expected, Func<CancellationToken, Task<Seen>> Run)
{
    /// <summary>It changes something that other checks would notice: nothing runs beside it, and it runs after the others of its heading.</summary>
    public bool Alone { get; init; }
}

/// <summary>How a check ended.</summary>
internal enum Verdict
{
    /// <summary>As expected.</summary>
    Held,

    /// <summary>Not as expected.</summary>
    Failed,

    /// <summary>It needs what this machine does not have; the text says what.</summary>
    NotTried,
}

/// <summary>What was seen.</summary>
/// <param name="Verdict">Whether it is what was expected.</param>
/// <param name="Text">The client's and the server's view, in one line.</param>
internal sealed record Seen(Verdict Verdict, string Text)
{
    /// <summary>As expected, or not.</summary>
    public static Seen When(bool held, string text) => new(held ? Verdict.Held : Verdict.Failed, text);
}

/// <summary>A check that was run.</summary>
internal sealed record CheckResult(Heading Heading, Check Check, Seen Seen, TimeSpan Took);
