namespace Fairlead.Dns.Forward;

/// <summary>A kept answer. What it says never changes, so that it is read without a lock; what is noted about it does.</summary>
/// <param name="key">What was asked.</param>
/// <param name="packet">The answer without OPT.</param>
/// <param name="stored">When it came.</param>
/// <param name="lifetime">How long it holds from then.</param>
internal sealed class CacheEntry(byte[] key, byte[] packet, long stored, TimeSpan lifetime)
{
    // The object, its two arrays' heads and its place in the dictionary.
    private const int Overhead = 192;

    public byte[] Key { get; } = key;

    public byte[] Packet { get; } = packet;

    public long Stored { get; } = stored;

    public TimeSpan Lifetime { get; } = lifetime;

    /// <summary>Memory it takes.</summary>
    public int Bytes => Overhead + Key.Length + Packet.Length;

    /// <summary>Asked for since the hand of its shard last passed.</summary>
    public bool Visited { get; set; }

    /// <summary>Its neighbours in the order of arrival; the shard's.</summary>
    public CacheEntry? Newer { get; set; }

    public CacheEntry? Older { get; set; }

    /// <summary>How often it was asked for without a long gap, and when last. Two readers at once may count as one: it is a measure of popularity.</summary>
    public int Asked { get; set; }

    public long LastAsked { get; set; }

    /// <summary>Not asked anew before this time.</summary>
    public long NextRefresh { get; set; }
}
