namespace Fairlead.ControlPlane.Allocation;

/// <summary>
/// Numbers from a range, each held once. The lowest are kept for those that ask for a certain one: numbers chosen here come from above
/// that band, and from it only when all others are taken (KEP-3070, KEP-3668). Not thread-safe: its owner locks.
/// </summary>
/// <param name="first">The first number.</param>
/// <param name="last">The last number.</param>
/// <param name="band">How many of the lowest numbers are kept for requests.</param>
/// <param name="random">Where a search begins, so that a number just released is not given out again at once.</param>
internal sealed class NumberPool(ulong first, ulong last, ulong band, Random random)
{
    private readonly HashSet<ulong> _held = [];

    public int Count => _held.Count;

    public bool Contains(ulong number) => number >= first && number <= last;

    /// <summary>Takes one number; false when it is out of range or held.</summary>
    public bool TryTake(ulong number) => Contains(number) && _held.Add(number);

    /// <summary>Chooses and takes a number; false when all are held.</summary>
    public bool TryTakeAny(out ulong number)
    {
        var middle = Math.Min(first + band, last + 1);
        return TryTakeIn(middle, last, out number) || TryTakeIn(first, middle - 1, out number);
    }

    public void Release(ulong number) => _held.Remove(number);

    private bool TryTakeIn(ulong from, ulong to, out ulong number)
    {
        number = 0;
        if (from > to || to == ulong.MaxValue)
        {
            return false;
        }

        var size = to - from + 1;
        var start = (ulong)random.NextInt64(0, (long)Math.Min(size, long.MaxValue));
        for (ulong step = 0; step < size && step <= (ulong)_held.Count; step++)
        {
            number = from + ((start + step) % size);
            if (_held.Add(number))
            {
                return true;
            }
        }

        return false;
    }
}
