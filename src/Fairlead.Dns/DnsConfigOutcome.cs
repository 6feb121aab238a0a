using Fairlead.Cluster.Model;

namespace Fairlead.Dns;

/// <summary>What became of a configuration.</summary>
/// <param name="Source">The ConfigMap it is of.</param>
/// <param name="First">It is the first since the start.</param>
/// <param name="Errors">Why it is not in force, each error with its line; none: it is in force.</param>
/// <param name="Warnings">What of it has no effect, each with its line.</param>
public sealed record DnsConfigOutcome(ConfigMapRow Source, bool First, IReadOnlyList<string> Errors, IReadOnlyList<string> Warnings)
{
    /// <summary>It is not in force: the one before still is.</summary>
    public bool Rejected => Errors.Count > 0;
}
