namespace Fairlead.Benchmarks;

/// <summary>How much of everything the groups about Services and policies measure. Only figures of the full size mean something; the tiny one shows that a run ends.</summary>
internal sealed record RunSize
{
    /// <summary>What figures are taken at.</summary>
    public static RunSize Full { get; } = new();

    /// <summary>Done in seconds: <c>--size tiny</c>, for a test.</summary>
    public static RunSize Tiny { get; } = new()
    {
        Baseline = 20,
        Services = 100,
        Most = 200,
        Policies = 500,
        Pods = 1_000,
        Batches = 1,
        Batch = 10,
        Changes = 10,
        Requests = 10,
        Rate = 100,
        RateSeconds = 1,
        Settling = TimeSpan.Zero,
        Rounds = 1,
        RoundTrips = 100,
        Connections = 100,
        Blocks = 100,
        IngressSeconds = 1,
        Hosts = 100,
    };

    /// <summary>Services that nft loads as chains.</summary>
    public int Baseline { get; init; } = 2_000;

    /// <summary>Services of a large cluster.</summary>
    public int Services { get; init; } = 10_000;

    /// <summary>Services of a very large one.</summary>
    public int Most { get; init; } = 50_000;

    /// <summary>NetworkPolicies of a large cluster; of a very large one ten times as many.</summary>
    public int Policies { get; init; } = 1_000;

    /// <summary>Its pods, on a hundred nodes.</summary>
    public int Pods { get; init; } = 5_000;

    /// <summary>How often pods are started together.</summary>
    public int Batches { get; init; } = 10;

    /// <summary>How many.</summary>
    public int Batch { get; init; } = 100;

    /// <summary>Changes of each kind to the rows.</summary>
    public int Changes { get; init; } = 500;

    /// <summary>Changes by way of the API server.</summary>
    public int Requests { get; init; } = 300;

    /// <summary>Services written each second.</summary>
    public int Rate { get; init; } = 1_000;

    /// <summary>For so many seconds.</summary>
    public int RateSeconds { get; init; } = 5;

    /// <summary>How long a process gets to give back what it does not need: an agent looks every thirty seconds, and as often it may read its table, just after.</summary>
    public TimeSpan Settling { get; init; } = TimeSpan.FromSeconds(63);

    /// <summary>Rounds over each path.</summary>
    public int Rounds { get; init; } = 15;

    /// <summary>Round trips of a round.</summary>
    public int RoundTrips { get; init; } = 10_000;

    /// <summary>Connections of a round.</summary>
    public int Connections { get; init; } = 1_000;

    /// <summary>Blocks of a round.</summary>
    public int Blocks { get; init; } = 4_000;

    /// <summary>How long one run through the ingress takes, in seconds.</summary>
    public int IngressSeconds { get; init; } = 3;

    /// <summary>Hosts that the ingress serves.</summary>
    public int Hosts { get; init; } = 10_000;

    /// <summary>Rounds of each load through the ingress.</summary>
    public int IngressRounds => Math.Max(Rounds / 3, 1);
}
