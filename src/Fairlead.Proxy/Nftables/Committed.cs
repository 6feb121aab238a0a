using Fairlead.Proxy.Frontends;

namespace Fairlead.Proxy.Nftables;

/// <summary>A frontend as the kernel holds it: the plan's, with the slots its endpoints have.</summary>
internal sealed record Committed(Frontend Frontend, ValueArray<Slot> Inside, ValueArray<Slot> Local)
{
    /// <summary>With affinity, the address that stands for its <see cref="AffinityGroup"/>; without, none.</summary>
    public IpAddr Group { get; init; }

    /// <summary>What the kernel should hold, given the slots it holds.</summary>
    public static Committed Of(Frontend frontend, ValueArray<Slot> inside, ValueArray<Slot> local) => new(
        frontend,
        SlotList.Assign(inside, frontend.Endpoints, frontend.AffinitySeconds > 0),
        SlotList.Assign(local, frontend.LocalEndpoints, frontend.AffinitySeconds > 0));

    public ValueArray<Slot> Slots(bool local) => local ? Local : Inside;

    /// <summary>How it is balanced for one kind of traffic; null when it is not.</summary>
    public BalanceCode? Code(bool local)
    {
        var count = Slots(local).Count;
        return count == 0 || (local && Frontend.Outside != OutsidePolicy.Local)
            ? null : new BalanceCode(count, Math.Min(Frontend.AffinitySeconds, BalanceCode.MaxAffinitySeconds));
    }
}
