using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Allocation;

/// <summary>The Service addresses of one range. The network address and, for IPv4, the broadcast address are never used.</summary>
internal sealed class AddressPool
{
    // More addresses than any cluster can use; keeps offsets of IPv6 ranges in 64 bits.
    private const ulong LargestOffset = 1UL << 62;

    private readonly NumberPool _pool;

    public AddressPool(IpNet range, Random random)
    {
        Range = range;
        var total = range.Last.Value - range.Address.Value;
        var last = total > LargestOffset ? LargestOffset : (ulong)total - (range.Address.IsV4 ? 1UL : 0UL);
        _pool = new NumberPool(1, last, StaticBand(last), random);
    }

    public IpNet Range { get; }

    public bool TryTake(IpAddr address) => Range.Contains(address) && Offset(address) is { } offset && _pool.TryTake(offset);

    public IpAddr? TakeAny() => _pool.TryTakeAny(out var offset) ? Range.At(offset) : null;

    public bool Contains(IpAddr address) => Range.Contains(address) && Offset(address) is { } offset && _pool.Contains(offset);

    public void Release(IpAddr address)
    {
        if (Range.Contains(address) && Offset(address) is { } offset)
        {
            _pool.Release(offset);
        }
    }

    /// <summary>How many of the lowest addresses are kept for requests (KEP-3070): min(max(16, size/16), 256), none in tiny ranges.</summary>
    internal static ulong StaticBand(ulong size) => size < 16 ? 0 : Math.Min(Math.Max(16, size / 16), 256);

    private ulong? Offset(IpAddr address)
    {
        var offset = address.Value - Range.Address.Value;
        return offset <= LargestOffset ? (ulong)offset : null;
    }
}
