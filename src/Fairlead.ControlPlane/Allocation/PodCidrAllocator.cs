using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Allocation;

/// <summary>
/// Gives each node its pod ranges: a /24 of the IPv4 range, a /64 of the IPv6 range, lowest free first. Rebuilt from the nodes at start
/// (<see cref="Occupy"/>). Safe for concurrent callers.
/// </summary>
public sealed class PodCidrAllocator
{
    private readonly Lock _lock = new();
    private readonly IReadOnlyList<Pool> _pools;

    /// <summary>Makes an allocator with everything free.</summary>
    /// <exception cref="ArgumentException">A pod range is smaller than one node's part.</exception>
    public PodCidrAllocator(ClusterRanges ranges) => _pools = [.. ranges.Pods.Select(range => new Pool(range))];

    /// <summary>Takes the ranges that a node has already.</summary>
    /// <returns>False when one of them is taken or not a node's part of a pod range; the others are taken all the same.</returns>
    public bool Occupy(IEnumerable<IpNet> ranges)
    {
        lock (_lock)
        {
            return ranges.Select(range => _pools.Any(pool => pool.TryTake(range))).ToArray().All(taken => taken);
        }
    }

    /// <summary>Takes a free range of each family, the primary first; null when one family has none left.</summary>
    public IReadOnlyList<IpNet>? Allocate()
    {
        lock (_lock)
        {
            var ranges = new List<IpNet>();
            foreach (var pool in _pools)
            {
                if (pool.TakeLowest() is not { } range)
                {
                    ranges.ForEach(ReleaseOne);
                    return null;
                }

                ranges.Add(range);
            }

            return ranges;
        }
    }

    /// <summary>Frees the ranges of a node that is gone.</summary>
    public void Release(IEnumerable<IpNet> ranges)
    {
        lock (_lock)
        {
            foreach (var range in ranges)
            {
                ReleaseOne(range);
            }
        }
    }

    private void ReleaseOne(IpNet range)
    {
        foreach (var pool in _pools)
        {
            pool.Release(range);
        }
    }

    private sealed class Pool
    {
        private const ulong Most = 1 << 16;

        private readonly IpNet _range;
        private readonly int _prefix;
        private readonly ulong _count;
        private readonly SortedSet<ulong> _held = [];

        public Pool(IpNet range)
        {
            _range = range;
            _prefix = range.Address.IsV4 ? 24 : 64;
            var bits = _prefix - range.Prefix;
            if (bits < 0)
            {
                throw new ArgumentException($"the pod range {range} is smaller than a node's part, a /{_prefix}", nameof(range));
            }

            _count = bits >= 16 ? Most : 1UL << bits;
        }

        public bool TryTake(IpNet part) => Number(part) is { } number && _held.Add(number);

        public IpNet? TakeLowest()
        {
            ulong candidate = 0;
            foreach (var held in _held)
            {
                if (held != candidate)
                {
                    break;
                }

                candidate++;
            }

            if (candidate >= _count)
            {
                return null;
            }

            _held.Add(candidate);
            return new IpNet(_range.At((UInt128)candidate << (_range.Address.Family.Bits - _prefix)), _prefix);
        }

        public void Release(IpNet part)
        {
            if (Number(part) is { } number)
            {
                _held.Remove(number);
            }
        }

        private ulong? Number(IpNet part)
        {
            if (part.Prefix != _prefix || !_range.Contains(part))
            {
                return null;
            }

            var number = (part.Address.Value - _range.Address.Value) >> (_range.Address.Family.Bits - _prefix);
            return number < _count ? (ulong)number : null;
        }
    }
}
