namespace Fairlead.Fuzz;

/// <summary>Every reader of bytes that others wrote.</summary>
public static class Targets
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<FuzzTarget> All { get; } =
        [
            .. DnsTargets.All, .. NetlinkTargets.All, .. BodyTargets.All, .. PatchTargets.All, .. TextTargets.All, .. ConfigTargets.All, .. IngressTargets.All,
            .. ListeningTargets.All,
        ];
}
