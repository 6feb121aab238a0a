using Fairlead.State;

namespace Fairlead.Balancer.Allocate;

/// <summary>Which Services get addresses, and which.</summary>
public sealed record BalancerOptions
{
    /// <summary>The addresses given out, lowest of the first range first; of one or both families.</summary>
    public ValueArray<AddressRange> Pool { get; init; } = [AddressRange.Parse("172.30.255.1-172.30.255.254")];

    /// <summary>Serves Services whose spec.loadBalancerClass is this.</summary>
    public string Class { get; init; } = "fairlead.dev/balancer";

    /// <summary>Serves Services without a class, too.</summary>
    public bool IsDefault { get; init; } = true;

    /// <summary>True when a Service of <paramref name="loadBalancerClass"/> (empty for none) is ours; others are never touched.</summary>
    public bool Serves(string loadBalancerClass) => loadBalancerClass.Length == 0 ? IsDefault : loadBalancerClass == Class;
}
