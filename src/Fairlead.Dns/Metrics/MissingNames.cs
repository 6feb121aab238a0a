using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Metrics;

/// <summary>A name that somebody asked for and that does not exist.</summary>
/// <param name="Client">Who asked.</param>
/// <param name="Name">The name, in lower case and with a dot at its end.</param>
/// <param name="Type">The type that was asked for.</param>
/// <param name="Count">How often, at most.</param>
/// <param name="Excess">How much less than <paramref name="Count"/> it may have been: what was counted of names that made room.</param>
public sealed record MissingName(IpAddr Client, string Name, string Type, long Count, long Excess);

/// <summary>
/// Who asks most for names that do not exist: the space-saving sketch of Metwally, Agrawal and El Abbadi (2005) over sets of eight, so that a name that makes
/// room is found by looking at eight. Memory is bounded and taken at the start; counting allocates nothing, and who finds a set in use leaves it.
/// </summary>
internal sealed class MissingNames
{
    /// <summary>Names that are counted at once.</summary>
    public const int Capacity = Sets * Ways;

    private const int Sets = 128;
    private const int Ways = 8;
    private readonly Entry[] _entries = new Entry[Capacity];
    private readonly byte[] _names = new byte[Capacity * DnsReader.MaxName];
    private readonly int[] _inUse = new int[Sets];
    private long _uncounted;

    /// <summary>Questions that found their set in use and were not counted.</summary>
    public long Uncounted => Interlocked.Read(ref _uncounted);

    /// <summary>Counts a question.</summary>
    /// <param name="client">Who asked.</param>
    /// <param name="type">For which type.</param>
    /// <param name="name">For which name, in wire form and any case.</param>
    public void Count(IpAddr client, RecordType type, ReadOnlySpan<byte> name)
    {
        Span<byte> lower = stackalloc byte[DnsReader.MaxName];
        lower = lower[..name.Length];
        DnsName.ToLower(name, lower);

        // Seeded at random, so that nobody chooses names that share a set.
        var code = new HashCode();
        code.AddBytes(lower);
        code.Add(client);
        code.Add((int)type);
        var hash = code.ToHashCode();
        var set = hash & (Sets - 1);
        if (Interlocked.CompareExchange(ref _inUse[set], 1, 0) != 0)
        {
            Interlocked.Increment(ref _uncounted);
            return;
        }

        CountIn(set * Ways, hash, client, type, lower);
        Volatile.Write(ref _inUse[set], 0);
    }

    /// <summary>Those asked for most often, the most frequent first.</summary>
    public IReadOnlyList<MissingName> Top(int most)
    {
        var found = new List<MissingName>();
        for (var set = 0; set < Sets; set++)
        {
            var wait = new SpinWait();
            while (Interlocked.CompareExchange(ref _inUse[set], 1, 0) != 0)
            {
                wait.SpinOnce();
            }

            for (var at = set * Ways; at < (set + 1) * Ways; at++)
            {
                ref readonly var entry = ref _entries[at];
                if (entry.Count > 0)
                {
                    found.Add(new MissingName(entry.Client, DnsName.Decode(NameAt(at)[..entry.Length]), MessageText.Type(entry.Type), entry.Count, entry.Excess));
                }
            }

            Volatile.Write(ref _inUse[set], 0);
        }

        return [.. found.OrderByDescending(one => one.Count).ThenBy(one => one.Name, StringComparer.Ordinal).ThenBy(one => one.Type, StringComparer.Ordinal).Take(most)];
    }

    private void CountIn(int first, int hash, IpAddr client, RecordType type, ReadOnlySpan<byte> name)
    {
        var least = first;
        for (var at = first; at < first + Ways; at++)
        {
            ref var entry = ref _entries[at];
            if (entry.Count > 0 && entry.Hash == hash && entry.Type == type && entry.Client == client && NameAt(at)[..entry.Length].SequenceEqual(name))
            {
                entry.Count++;
                return;
            }

            least = entry.Count < _entries[least].Count ? at : least;
        }

        var before = _entries[least].Count;
        _entries[least] = new Entry { Hash = hash, Client = client, Type = type, Length = (byte)name.Length, Count = before + 1, Excess = before };
        name.CopyTo(NameAt(least));
    }

    private Span<byte> NameAt(int index) => _names.AsSpan(index * DnsReader.MaxName, DnsReader.MaxName);

    private struct Entry
    {
        public long Count;
        public long Excess;
        public int Hash;
        public IpAddr Client;
        public RecordType Type;
        public byte Length;
    }
}
