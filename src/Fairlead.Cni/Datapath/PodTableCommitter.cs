using Fairlead.Cni.Ipam;
using Fairlead.Nftables;
using Fairlead.Nftables.Memory;

namespace Fairlead.Cni.Datapath;

/// <summary>Keeps the kernel's <c>fairlead-pods</c> what it should be, by the smallest change. One call at a time.</summary>
internal sealed class PodTableCommitter(INft nft)
{
    private MasqueradePlan _masquerade = MasqueradePlan.None;
    private bool _masqueradeKnown;

    /// <summary>
    /// Takes over the table of an earlier run, or makes it. What stands is left alone when it is what it should be; otherwise it is replaced in one step,
    /// so that no packet meets half a table.
    /// </summary>
    /// <exception cref="NftException">The kernel refused.</exception>
    internal async Task AdoptAsync(IReadOnlyCollection<Attachment> attachments, CancellationToken cancellationToken)
    {
        var wanted = new MemoryNft();
        await wanted.CommitAsync(PodTable.Replace(attachments, MasqueradePlan.None), cancellationToken);
        var present = await nft.ReadAsync(PodTable.Table.Name, cancellationToken);
        if (present is null || !PodTable.AreSame(present, wanted.Tables[PodTable.Table.Name]))
        {
            await nft.CommitAsync(PodTable.Replace(attachments, MasqueradePlan.None), cancellationToken);
        }
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

    private async Task CommitAsync(Nftables.Transactions.Transaction transaction, IReadOnlyCollection<Attachment> all)
    {
        try
        {
            await nft.CommitAsync(transaction, CancellationToken.None);
        }
        catch (NftException)
        {
            // Something is not as it was left: somebody deleted an element or the table, or an earlier addition failed. Write all of it anew.
            await nft.CommitAsync(PodTable.Replace(all, _masquerade), CancellationToken.None);
        }
    }
}
