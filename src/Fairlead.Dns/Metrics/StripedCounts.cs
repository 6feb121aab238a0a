namespace Fairlead.Dns.Metrics;

/// <summary>
/// Figures that many count at once. Each processor counts in memory of its own, so that none waits for another's cache; a figure is summed when it is read.
/// </summary>
/// <param name="figures">How many there are.</param>
internal sealed class StripedCounts(int figures)
{
    // More stripes than processors do nothing; fewer make some share one.
    private const int MaxStripes = 64;

    // Longs: four cache lines, and with them the neighbour that the processor fetches along.
    private const int Alignment = 32;

    private static readonly int Stripes = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Min(Environment.ProcessorCount, MaxStripes));
    private readonly int _length = (figures + Alignment - 1) / Alignment * Alignment;
    private readonly long[] _counts = new long[(Stripes + 1) * ((figures + Alignment - 1) / Alignment * Alignment)];

    /// <summary>The memory to count in, until the next query: what is counted there by <see cref="Interlocked"/> counts wherever the thread is by then.</summary>
    public Span<long> Mine => _counts.AsSpan((Thread.GetCurrentProcessorId() & (Stripes - 1)) * _length, _length);

    // A thread may move to another processor between the two steps, and then shares a stripe for once: it counts right all the same.
    public void Add(int figure, long count = 1)
    {
        if (count != 0)
        {
            Interlocked.Add(ref Mine[figure], count);
        }
    }

    public long Sum(int figure)
    {
        var sum = 0L;
        for (var i = 0; i < Stripes; i++)
        {
            sum += Interlocked.Read(ref _counts[(i * _length) + figure]);
        }

        return sum;
    }
}
