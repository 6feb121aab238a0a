using Fairlead.Linux.Addresses;

namespace Fairlead.OneMachine;

/// <summary>Chooses address ranges that nothing on this machine uses. Pure: what is used comes in, ranges go out.</summary>
internal static class AddressPlan
{
    /// <summary>
    /// The first free range of each kind, in a fixed order, so that the usual machine gets the usual addresses:
    /// fabric 172.30.0.0/16, pods 10.244.0.0/16, Services 10.96.0.0/12. Null when every candidate collides.
    /// </summary>
    /// <param name="used">Networks that the host's routes and addresses cover, the default route left out.</param>
    public static FamilyRanges? ChooseV4(IReadOnlyCollection<IpNet> used)
    {
        var fabric = FirstFree(Blocks("172.30.0.0/16", 16, down: 14).Concat(Blocks("10.192.0.0/16", 16)), used);
        var pods = FirstFree(Blocks("10.244.0.0/16", 12).Concat(Blocks("10.208.0.0/16", 16)), used);
        var services = FirstFree(Blocks("10.96.0.0/12", 6), used);
        return Ranges(fabric, pods, services);
    }

    /// <summary>As <see cref="ChooseV4"/>: fabric fd00:172:30::/64, pods fd00:10:244::/56, Services fd00:10:96::/112.</summary>
    public static FamilyRanges? ChooseV6(IReadOnlyCollection<IpNet> used)
    {
        var fabric = FirstFree(Numbered(0x30, 16, n => $"fd00:172:{n:x}::/64"), used);
        var pods = FirstFree(Numbered(0x244, 16, n => $"fd00:10:{n:x}::/56"), used);
        var services = FirstFree(Numbered(0x96, 16, n => $"fd00:10:{n:x}::/112"), used);
        return Ranges(fabric, pods, services);
    }

    private static FamilyRanges? Ranges(IpNet? fabric, IpNet? pods, IpNet? services) =>
        fabric is null || pods is null || services is null
            ? null
            : new FamilyRanges { Fabric = fabric.Value, Pods = pods.Value, Services = services.Value };

    private static IpNet? FirstFree(IEnumerable<IpNet> candidates, IReadOnlyCollection<IpNet> used)
    {
        foreach (var candidate in candidates)
        {
            if (!used.Any(candidate.Overlaps))
            {
                return candidate;
            }
        }

        return null;
    }

    private static IEnumerable<IpNet> Blocks(string first, int count, int down = 0)
    {
        var net = IpNet.Parse(first);
        var size = UInt128.One << (net.Address.Family.Bits - net.Prefix);
        if (down > 0)
        {
            return Enumerable.Range(0, down).Select(i => new IpNet(IpAddr.FromValue(net.Address.Family, net.Address.Value - (size * (UInt128)i)), net.Prefix));
        }

        return Enumerable.Range(0, count).Select(i => new IpNet(net.At(size * (UInt128)i), net.Prefix));
    }

    private static IEnumerable<IpNet> Numbered(int first, int count, Func<int, string> text) =>
        Enumerable.Range(first, count).Select(n => IpNet.Parse(text(n)));
}
