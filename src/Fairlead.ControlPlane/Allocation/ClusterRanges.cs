using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Allocation;

/// <summary>The ranges of a cluster from which Services get addresses and node ports.</summary>
public sealed record ClusterRanges
{
    /// <summary>The Services' ranges, one per family, the primary family first.</summary>
    public required IReadOnlyList<IpNet> Services { get; init; }

    /// <summary>The first node port, 1 to 65535.</summary>
    public int FirstNodePort { get; init; } = 30000;

    /// <summary>The last node port.</summary>
    public int LastNodePort { get; init; } = 32767;

    /// <summary>The families that Services can have, the primary first.</summary>
    public IEnumerable<IpFamily> Families => Services.Select(range => range.Address.Family);
}
