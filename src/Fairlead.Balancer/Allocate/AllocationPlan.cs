using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Balancer.Allocate;

/// <summary>
/// Which addresses a Service is to have, one per family, and what stands in the way of more (empty: nothing). Pure: what is taken is what the
/// Services' own status says, so a restart changes nothing.
/// </summary>
internal sealed record AllocationPlan(ValueArray<IpAddr> Addresses, string Problem)
{
    /// <summary>Plans for a Service that is ours to serve.</summary>
    /// <param name="service">The Service.</param>
    /// <param name="pool">The ranges to choose from.</param>
    /// <param name="holder">Which Service has an address; null when none has.</param>
    public static AllocationPlan For(BalancedService service, ValueArray<AddressRange> pool, Func<IpAddr, ObjectKey?> holder)
    {
        var chosen = new List<IpAddr>();
        var problems = new List<string>();
        foreach (var family in service.Families)
        {
            var (address, problem) = Choose(service, family, pool, holder);
            if (!address.IsNone)
            {
                chosen.Add(address);
            }

            if (problem.Length > 0)
            {
                problems.Add(problem);
            }
        }

        if (service.FamilyPolicy == "RequireDualStack" && chosen.Count < service.Families.Count)
        {
            // Half of what is required is nothing; what it has already it keeps.
            chosen.RemoveAll(address => !service.Addresses.Contains(address));
        }

        return new AllocationPlan(chosen.ToValueArray(), string.Join("; ", problems));
    }

    private static (IpAddr Address, string Problem) Choose(
        BalancedService service, IpFamily family, ValueArray<AddressRange> pool, Func<IpAddr, ObjectKey?> holder)
    {
        var key = service.Meta.Key;
        var present = service.Addresses.FirstOrDefault(address =>
            address.Family == family && pool.Any(range => range.Contains(address)) && holder(address) == key);
        if (service.Wanted.Length > 0)
        {
            if (!IpAddr.TryParse(service.Wanted, out var wanted))
            {
                return (present, $"spec.loadBalancerIP \"{service.Wanted}\" is not an IP address");
            }

            if (wanted.Family == family)
            {
                return !pool.Any(range => range.Contains(wanted)) ? (present, $"spec.loadBalancerIP {wanted} is not in the pool {Text(pool)}")
                    : holder(wanted) is { } other && other != key ? (present, $"spec.loadBalancerIP {wanted} is in use by Service {other}")
                    : (wanted, "");
            }
        }

        if (!present.IsNone)
        {
            return (present, "");
        }

        var free = LowestFree(family, pool, holder);
        return free.IsNone ? (free, Exhausted(family, pool)) : (free, "");
    }

    private static IpAddr LowestFree(IpFamily family, ValueArray<AddressRange> pool, Func<IpAddr, ObjectKey?> holder)
    {
        foreach (var range in pool)
        {
            if (range.First.Family != family)
            {
                continue;
            }

            for (var value = range.First.Value; ; value++)
            {
                var address = IpAddr.FromValue(family, value);
                if (holder(address) is null)
                {
                    return address;
                }

                if (value == range.Last.Value)
                {
                    break;
                }
            }
        }

        return default;
    }

    private static string Exhausted(IpFamily family, ValueArray<AddressRange> pool) => pool.Any(range => range.First.Family == family)
        ? $"no {family} address is left in the pool {Text(pool)}: delete a Service of type LoadBalancer or give the pool more addresses"
        : $"the pool {Text(pool)} has no {family} addresses";

    private static string Text(ValueArray<AddressRange> pool) => pool.Count == 0 ? "(empty)" : string.Join(", ", pool);
}
