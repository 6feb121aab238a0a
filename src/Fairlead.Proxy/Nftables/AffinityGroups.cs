using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Fairlead.Proxy.Frontends;

namespace Fairlead.Proxy.Nftables;

/// <summary>A port of a Service in one family: a client stays with one endpoint at all frontends of it, as with kube-proxy.</summary>
internal readonly record struct AffinityGroup(ObjectKey Service, string PortName, IpProtocol Protocol, IpFamily Family)
{
    public static AffinityGroup Of(Frontend frontend) => new(frontend.Service, frontend.PortName, frontend.Key.Protocol, frontend.Key.Address.Family);
}

/// <summary>
/// The addresses that stand for groups in the datapath. Nobody has them (240.0.0.0/4 is reserved, RFC 1112 §4; 100::/64 is discard-only, RFC 6666) and no
/// packet leaves with one. They are made from the group's name, so that clients are remembered over restarts; two groups never share one.
/// </summary>
internal sealed class AffinityGroups
{
    private static readonly IpNet V4 = IpNet.Parse("240.0.0.0/5");
    private static readonly IpNet V6 = IpNet.Parse("100::/64");

    private readonly Dictionary<AffinityGroup, (IpAddr Address, int Frontends)> _groups = [];
    private readonly HashSet<IpAddr> _taken = [];

    /// <summary>The address of a group, which has one frontend more.</summary>
    public IpAddr Take(AffinityGroup group)
    {
        if (!_groups.TryGetValue(group, out var entry))
        {
            var (range, place) = (group.Family == IpFamily.V4 ? V4 : V6, PlaceOf(group));
            for (entry = (range.At(place), 0); !_taken.Add(entry.Address); entry = (range.At(++place), 0))
            {
                // Another group's.
            }
        }

        _groups[group] = entry with { Frontends = entry.Frontends + 1 };
        return entry.Address;
    }

    /// <summary>The group has one frontend less.</summary>
    public void Release(AffinityGroup group)
    {
        var entry = _groups[group];
        if (entry.Frontends > 1)
        {
            _groups[group] = entry with { Frontends = entry.Frontends - 1 };
            return;
        }

        _groups.Remove(group);
        _taken.Remove(entry.Address);
    }

    /// <summary>27 bits, and there is room after the last of them.</summary>
    private static uint PlaceOf(AffinityGroup group)
    {
        var name = Encoding.UTF8.GetBytes($"{group.Service}/{group.PortName}/{group.Protocol}");
        return BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(name)) >> 5;
    }
}
