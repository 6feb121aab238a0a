using Fairlead.Nftables.Values;

namespace Fairlead.Proxy.Nftables;

/// <summary>
/// How a frontend is balanced: number of endpoints, and affinity timeout in seconds. One number, so that it can be the value of a map; one chain per number
/// in use.
/// </summary>
internal readonly record struct BalanceCode(int Count, int AffinitySeconds)
{
    internal const int CountBits = 15;

    /// <summary>Most endpoints a frontend can have; the rest are left out.</summary>
    public const int MaxCount = (1 << CountBits) - 1;

    /// <summary>Longest timeout, as the API has it.</summary>
    public const int MaxAffinitySeconds = 86_400;

    /// <summary>The number in the map.</summary>
    public uint Number => ((uint)AffinitySeconds << CountBits) | (uint)Count;

    /// <summary>The number as a key or value.</summary>
    public Datum Datum => Datum.Of(Number);

    public static BalanceCode Of(uint number) => new((int)(number & MaxCount), (int)(number >> CountBits));

    /// <summary>The chain of this number: <c>lb-3</c>, <c>lb-3-sticky-10800</c>, <c>local-lb-3</c>.</summary>
    public string Chain(bool local) => (local ? "local-" : "") + (AffinitySeconds == 0 ? $"lb-{Count}" : $"lb-{Count}-sticky-{AffinitySeconds}");

    /// <summary>A name that <see cref="Chain"/> gives. One that nothing leads to is no harm: it goes with the next commit.</summary>
    public static bool IsChain(string name) => name.StartsWith("lb-", StringComparison.Ordinal) || name.StartsWith("local-lb-", StringComparison.Ordinal);
}
