using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>
/// What an update of a Service keeps of what the server had allocated, and what it drops because it no longer applies: only fields that the
/// writer did not change, so that a wrong wish is refused and not lost (features.md §1.1, row 13).
/// </summary>
internal static class ServiceTransitions
{
    public static void Apply(JsonObject service, JsonObject? old)
    {
        NormalizeAddresses(service, old);
        if (old is null)
        {
            return;
        }

        KeepAllocated(service, old);
        DropWhatNoLongerApplies(service, old);
        NarrowFamilies(service.Ensure("spec"), old.Object("spec"));
    }

    /// <summary>Clients that know only clusterIP, and those that change one of the two fields.</summary>
    private static void NormalizeAddresses(JsonObject service, JsonObject? old)
    {
        var spec = service.Ensure("spec");
        spec.DropEmpty("clusterIP");
        spec.DropEmpty("clusterIPs");
        var (address, oldAddress) = (spec.Text("clusterIP"), old.Text("spec", "clusterIP"));
        var unchanged = old is not null && Doc.Same(spec.At("clusterIPs"), old.At("spec", "clusterIPs"));
        if (address is not null && spec.List("clusterIPs") is null)
        {
            spec["clusterIPs"] = new JsonArray(address);
        }
        else if (unchanged && address != oldAddress && spec.List("clusterIPs") is { } list)
        {
            if (address is null)
            {
                spec.Remove("clusterIPs");
            }
            else
            {
                list[0] = address;
            }
        }
    }

    private static void KeepAllocated(JsonObject service, JsonObject old)
    {
        var spec = service.Ensure("spec");
        if (ServiceTraits.NeedsClusterIP(old) && ServiceTraits.NeedsClusterIP(service))
        {
            Keep(spec, old, "clusterIP");
            if (spec.Text("clusterIP") == old.Text("spec", "clusterIP"))
            {
                Keep(spec, old, "clusterIPs");
            }
        }

        if (ServiceTraits.NeedsNodePorts(old) && ServiceTraits.NeedsNodePorts(service))
        {
            KeepNodePorts(spec, old);
        }

        if (ServiceTraits.NeedsHealthPort(old) && ServiceTraits.NeedsHealthPort(service))
        {
            Keep(spec, old, "healthCheckNodePort");
        }
    }

    private static void KeepNodePorts(JsonObject spec, JsonObject old)
    {
        var before = old.List("spec", "ports").Items().Select(item => item.Item).ToArray();
        var used = spec.List("ports").Items().Select(item => item.Item.Number("nodePort") ?? 0).ToHashSet();
        foreach (var (_, port) in spec.List("ports").Items())
        {
            var same = before.LastOrDefault(item => (item.Text("name") ?? "") == (port.Text("name") ?? ""));
            if (port.Number("nodePort") is null or 0 && same.Number("nodePort") is { } number and not 0 && used.Add(number))
            {
                port["nodePort"] = (int)number;
            }
        }
    }

    private static void DropWhatNoLongerApplies(JsonObject service, JsonObject old)
    {
        var spec = service.Ensure("spec");
        if (ServiceTraits.NeedsClusterIP(old) && !ServiceTraits.NeedsClusterIP(service))
        {
            DropUnchanged(spec, old, "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy");
        }

        if (ServiceTraits.MayHaveNodePorts(old) && !ServiceTraits.MayHaveNodePorts(service)
            && NodePorts(spec).IsSubsetOf(NodePorts(old.Object("spec"))))
        {
            foreach (var (_, port) in spec.List("ports").Items())
            {
                port.Remove("nodePort");
            }
        }

        if (ServiceTraits.NeedsHealthPort(old) && !ServiceTraits.NeedsHealthPort(service))
        {
            DropUnchanged(spec, old, "healthCheckNodePort");
        }

        if (ServiceTraits.IsLoadBalancer(old) && !ServiceTraits.IsLoadBalancer(service))
        {
            DropUnchanged(spec, old, "allocateLoadBalancerNodePorts", "loadBalancerClass");
        }

        if (ServiceTraits.IsExternallyAccessible(old) && !ServiceTraits.IsExternallyAccessible(service))
        {
            DropUnchanged(spec, old, "externalTrafficPolicy");
        }
    }

    /// <summary>Going back to one family gives up the second one's address; nobody has to remove it by hand.</summary>
    private static void NarrowFamilies(JsonObject spec, JsonObject? old)
    {
        if (spec.Text("ipFamilyPolicy") == "SingleStack" && old.Text("ipFamilyPolicy") is "PreferDualStack" or "RequireDualStack")
        {
            foreach (var name in (ReadOnlySpan<string>)["clusterIPs", "ipFamilies"])
            {
                while (spec.List(name) is { Count: > 1 } list)
                {
                    list.RemoveAt(list.Count - 1);
                }
            }
        }
    }

    private static HashSet<long> NodePorts(JsonObject? spec) =>
        spec.List("ports").Items().Select(item => item.Item.Number("nodePort") ?? 0).Where(port => port != 0).ToHashSet();

    private static void Keep(JsonObject spec, JsonObject old, string name)
    {
        if ((spec.At(name) is null || spec.Number(name) == 0) && old.At("spec", name) is { } value)
        {
            spec[name] = value.DeepClone();
        }
    }

    private static void DropUnchanged(JsonObject spec, JsonObject old, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (Doc.Same(spec.At(name), old.At("spec", name)))
            {
                spec.Remove(name);
            }
        }
    }
}
