using Fairlead.Nftables.Objects;

namespace Fairlead.Nftables.Rulesets;

/// <summary>A chain of anybody's table, as far as a stranger needs to know it.</summary>
/// <param name="Family">The table's family as nft names it: <c>inet</c>, <c>ip</c>, <c>ip6</c>, <c>arp</c>, <c>netdev</c>, <c>bridge</c>.</param>
/// <param name="Table">The table.</param>
/// <param name="Name">The chain.</param>
/// <param name="Hook">Where packets enter it by themselves; null for a chain others jump to, and for the hooks of families of no concern here.</param>
/// <param name="DropsByDefault">A packet that reaches its end is dropped.</param>
public sealed record ChainListing(string Family, string Table, string Name, Hook? Hook, bool DropsByDefault);
