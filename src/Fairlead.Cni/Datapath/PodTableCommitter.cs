using Fairlead.Cni.Ipam;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables;
using Fairlead.Nftables.Rulesets;
using Fairlead.State;

namespace Fairlead.Cni.Datapath;

/// <summary>Keeps the kernel's <c>fairlead-pods</c> what it should be, by the smallest change. One call at a time.</summary>
internal sealed class PodTableCommitter(INft nft, ValueArray<IpNet> services = default)
{
    private MasqueradePlan _masquerade = MasqueradePlan.None;
    private bool _masqueradeKnown;

    /// <summary>
    /// Takes over the table of an earlier run, or makes it; later mends what others did to it. What stands is left alone when it is what it should be;
    /// otherwise it is replaced in one step, so that no packet meets half a table.
    /// </summary>
    /// <returns>True when it was not what it should be.</returns>
    /// <exception cref="NftException">The kernel refused.</exception>
    internal async Task<bool> AdoptAsync(IReadOnlyCollection<Attachment> attachments, CancellationToken cancellationToken)
    {
        var wanted = RulesetDiff.Made(PodTable.Replace(attachments, _masquerade, services));
        if (await ReadAsync(cancellationToken) is { } present
            && (_masqueradeKnown ? RulesetDiff.Between(present, wanted).IsEmpty : PodTable.AreSame(present, wanted)))
        {
            return false;
        }

        await nft.CommitAsync(PodTable.Replace(attachments, _masquerade, services), cancellationToken);
        return true;
    }

    /// <summary>Adds a pod.</summary>
    /// <param name="attachment">The pod's attachment.</param>
    /// <param name="all">All attachments, this one included: what to write when somebody else has removed the table.</param>
    /// <exception cref="NftException">The kernel refused.</exception>
    internal Task AddAsync(Attachment attachment, IReadOnlyCollection<Attachment> all) => CommitAsync(PodTable.Add(attachment), all);

    /// <summary>Removes a pod.</summary>
    /// <param name="attachment">The pod's attachment.</param>
    /// <param name="rest">All other attachments.</param>
    /// <exception cref="NftException">The kernel refused.</exception>
    internal Task RemoveAsync(Attachment attachment, IReadOnlyCollection<Attachment> rest) => CommitAsync(PodTable.Remove(attachment), rest);

    /// <summary>Changes what is masqueraded; the same plan again is no work.</summary>
    /// <exception cref="NftException">The kernel refused.</exception>
    internal async Task SetMasqueradeAsync(MasqueradePlan plan, CancellationToken cancellationToken)
    {
        if (!_masqueradeKnown || plan != _masquerade)
        {
            await nft.CommitAsync(PodTable.Masquerade(plan), cancellationToken);
            (_masquerade, _masqueradeKnown) = (plan, true);
        }
    }

    private async Task<Ruleset?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await nft.ReadAsync(PodTable.Table.Name, cancellationToken);
        }
        catch (NftException e) when (e.IsForeign)
        {
            // Somebody put into it what we would never write.
            return null;
        }
    }

    private async Task CommitAsync(Nftables.Transactions.Transaction transaction, IReadOnlyCollection<Attachment> all)
    {
        try
        {
            await nft.CommitAsync(transaction, CancellationToken.None);
        }
        catch (NftException)
        {
            // Something is not as it was left: somebody deleted an element or the table, or an earlier addition failed. Write all of it anew.
            await nft.CommitAsync(PodTable.Replace(all, _masquerade, services), CancellationToken.None);
        }
    }
}
