using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Allocation;

/// <summary>
/// Which Service addresses are held, and the ranges that new ones come from. Ranges come, go and overlap (KEP-1880); an address is held until it is
/// released, whatever became of its range. Not thread-safe: its owner locks.
/// </summary>
/// <param name="random">Where searches begin.</param>
internal sealed class AddressBook(Random random)
{
    private readonly HashSet<IpAddr> _held = [];
    private IReadOnlyList<AddressPool> _pools = [];
    private IReadOnlyList<IpNet> _ranges = [];

    /// <summary>Where addresses come from, the first before the others. A range that stays keeps its state; one that comes learns what is held.</summary>
    public IReadOnlyList<IpNet> Ranges
    {
        get => _ranges;
        set
        {
            if (!ReferenceEquals(value, _ranges))
            {
                _pools = [.. value.Distinct().Select(range => _pools.FirstOrDefault(pool => pool.Range == range) ?? NewPool(range))];
                _ranges = value;
            }
        }
    }

    /// <summary>True when a range has the address to give.</summary>
    public bool Contains(IpAddr address) => _pools.Any(pool => pool.Contains(address));

    /// <summary>Takes an address; false when it is held. Of no range is fine: what is stored is held.</summary>
    public bool TryTake(IpAddr address)
    {
        if (!_held.Add(address))
        {
            return false;
        }

        foreach (var pool in _pools)
        {
            pool.TryTake(address);
        }

        return true;
    }

    /// <summary>Chooses and takes an address of <paramref name="family"/> that is not <paramref name="reserved"/>; null when there is none.</summary>
    public IpAddr? TakeAny(IpFamily family, Func<IpAddr, bool> reserved)
    {
        var passedOver = new List<IpAddr>();
        try
        {
            foreach (var pool in _pools.Where(pool => pool.Range.Address.Family == family))
            {
                while (pool.TakeAny() is { } address)
                {
                    // The pool has it already; the others that overlap it learn of it here.
                    TryTake(address);
                    if (!reserved(address))
                    {
                        return address;
                    }

                    passedOver.Add(address);
                }
            }

            return null;
        }
        finally
        {
            passedOver.ForEach(Release);
        }
    }

    public void Release(IpAddr address)
    {
        _held.Remove(address);
        foreach (var pool in _pools)
        {
            pool.Release(address);
        }
    }

    private AddressPool NewPool(IpNet range)
    {
        var pool = new AddressPool(range, random);
        foreach (var address in _held)
        {
            pool.TryTake(address);
        }

        return pool;
    }
}
