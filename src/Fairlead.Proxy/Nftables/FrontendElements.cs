using System.Buffers.Binary;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Values;
using Fairlead.Proxy.Compile;
using Fairlead.Proxy.Frontends;

namespace Fairlead.Proxy.Nftables;

/// <summary>An element and the set or map it is in.</summary>
internal readonly record struct Placed(Container Container, Element Element);

/// <summary>The elements that make a frontend work. Pure.</summary>
internal static class FrontendElements
{
    /// <summary>Elements that are this frontend's alone.</summary>
    public static IEnumerable<Placed> Own(Committed committed, ProxySchema schema)
    {
        var frontend = committed.Frontend;
        var family = schema.Of(frontend.Key.Address.Family);
        var key = KeyOf(frontend.Key);
        foreach (var local in new[] { false, true })
        {
            if (committed.Code(local) is { } code)
            {
                foreach (var placed in OfScope(ProxyChains.ScopeOf(family, local), frontend.Key, code, committed.Slots(local)))
                {
                    yield return placed;
                }
            }
        }

        if (!committed.Group.IsNone && (committed.Code(local: false) ?? committed.Code(local: true)) is not null)
        {
            yield return new Placed(family.StickyGroups, Element.Of(key, Datum.Of(committed.Group)));
        }

        if (!frontend.HasEndpoints)
        {
            yield return new Placed(family.Refused, new Element(key));
        }
        else if (frontend.Endpoints.Count == 0)
        {
            yield return new Placed(family.Unserved, new Element(key));
        }

        if (frontend.Outside == OutsidePolicy.Cluster && frontend.Endpoints.Count > 0)
        {
            yield return new Placed(family.External, new Element(key));
        }

        if (frontend is { Outside: OutsidePolicy.Local, HasEndpoints: true, LocalEndpoints.Count: 0 })
        {
            yield return new Placed(family.ExternalUnserved, new Element(key));
        }

        foreach (var placed in Ranges(frontend, family, key))
        {
            yield return placed;
        }
    }

    /// <summary>Elements that several frontends can have in common; each holds one share of it.</summary>
    public static IEnumerable<Placed> Shared(Committed committed, ProxySchema schema)
    {
        var family = schema.Of(committed.Frontend.Key.Address.Family);
        // An external address may be anybody's, the node's own among them: other ports of it are none of ours.
        var addresses = committed.Frontend.Kind switch
        {
            FrontendKind.ClusterIP => family.ClusterIPs,
            FrontendKind.LoadBalancer => family.BalancerIPs,
            _ => null,
        };
        if (addresses is not null)
        {
            yield return new Placed(addresses, new Element(Datum.Of(committed.Frontend.Key.Address)));
        }

        foreach (var slot in committed.Inside.Concat(committed.Local).Where(slot => slot.Endpoint.IsLocalPod))
        {
            yield return new Placed(family.Hairpins, new Element(Datum.Of(slot.Endpoint.Address, slot.Endpoint.Address)));
        }
    }

    /// <summary>Elements of the node as a whole.</summary>
    public static IEnumerable<Placed> OfNode(NodeView node, ProxySchema schema)
    {
        foreach (var range in ServiceCompiler.Disjoint(node.PodCIDRs).AsEnumerable())
        {
            yield return new Placed(schema.Of(range.Address.Family).OwnPods, Element.Range(range));
        }

        foreach (var range in node.ServiceRanges.AsEnumerable())
        {
            yield return new Placed(schema.Of(range.Address.Family).ServiceRanges, Element.Range(range));
        }

        foreach (var own in node.Untracked.AsEnumerable())
        {
            yield return new Placed(schema.Of(own.Address.Family).Untracked, new Element(KeyOf(own)));
        }
    }

    private static IEnumerable<Placed> OfScope(ScopeSchema scope, FrontendKey key, BalanceCode code, ValueArray<Slot> slots)
    {
        yield return new Placed(scope.Services, Element.Of(KeyOf(key), code.Datum));
        for (var i = 0; i < slots.Count; i++)
        {
            var (endpoint, id) = slots[i];
            var value = Datum.Of(endpoint.Address, endpoint.Port);
            if (code.AffinitySeconds == 0)
            {
                yield return new Placed(scope.Endpoints, Element.Of(SlotKey(key, (uint)i), value));
                continue;
            }

            yield return new Placed(scope.StickySlots, Element.Of(SlotKey(key, (uint)i), Datum.Of(id)));
            yield return new Placed(scope.StickyEndpoints, Element.Of(SlotKey(key, id), value));
        }
    }

    private static IEnumerable<Placed> Ranges(Frontend frontend, FamilySchema family, Datum key)
    {
        if (!frontend.IsRestricted)
        {
            yield break;
        }

        yield return new Placed(family.Restricted, new Element(key));
        foreach (var range in frontend.SourceRanges.AsEnumerable())
        {
            yield return new Placed(family.Sources, Element.Range(
                Datum.Of(frontend.Key.Address, frontend.Key.Protocol, frontend.Key.Port, range.Address),
                Datum.Of(frontend.Key.Address, frontend.Key.Protocol, frontend.Key.Port, range.Last)));
        }
    }

    /// <summary>The frontend that a key begins with.</summary>
    public static FrontendKey FrontendOf(Datum key, IpFamily family) => new(
        IpAddr.FromBytes(key.Bytes[..family.Bytes]), (IpProtocol)key.Bytes[family.Bytes], BinaryPrimitives.ReadUInt16BigEndian(key.Bytes[(family.Bytes + 4)..]));

    /// <summary>The slot, or the endpoint's id, that a key of frontend and slot ends with.</summary>
    public static uint SlotOf(Datum key) => BitConverter.ToUInt32(key.Bytes[^4..]);

    private static Datum KeyOf(FrontendKey key) => Datum.Of(key.Address, key.Protocol, key.Port);

    private static Datum SlotKey(FrontendKey key, uint slot) => Datum.Of(key.Address, key.Protocol, key.Port, slot);
}
