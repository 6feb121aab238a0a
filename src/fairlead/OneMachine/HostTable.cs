using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Transactions;
using Fairlead.Nftables.Values;

namespace Fairlead.OneMachine;

/// <summary>
/// The host's own nf_tables table, <c>fairlead-host</c> (<c>fairlead-host-NAME</c> for other names, as contexts are called): what leaves the cluster by
/// the host has the host's address, and nobody but this machine enters the cluster by it. Pure.
/// </summary>
internal static class HostTable
{
    private const string Forward = "forward";
    private const string Sources = "sources";

    /// <summary>The cluster's table.</summary>
    public static Table Of(ClusterSpec spec) => new(spec.Name == ClusterSpec.DefaultName ? "fairlead-host" : $"fairlead-host-{spec.Name}");

    /// <summary>The whole table, in the place of one that an earlier run left.</summary>
    /// <param name="spec">The cluster.</param>
    /// <param name="hostLink">The host's link to it.</param>
    public static Transaction Replace(ClusterSpec spec, string hostLink)
    {
        var transaction = new Transaction(Of(spec)).Add(Of(spec)).Delete(Of(spec)).Add(Of(spec));
        transaction.Add(new Chain(Forward, new BaseChain(ChainType.Filter, Hook.Forward, Priority.Filter)));
        AddForward(transaction, spec, hostLink);
        if (!spec.Egress)
        {
            return transaction;
        }

        transaction.Add(new Chain(Sources, new BaseChain(ChainType.Nat, Hook.Postrouting, Priority.Srcnat)));
        foreach (var inside in spec.Ranges.SelectMany(ranges => new[] { ranges.Pods, ranges.Fabric }))
        {
            transaction.Add(new Rule(Sources, [Match.IsNot(Meta.OifName, hostLink), Match.In(Payload.Saddr(inside.Address.Family), inside), new Masquerade()]));
        }

        return transaction;
    }

    /// <summary>Removes the table, if it is there.</summary>
    public static Transaction Remove(ClusterSpec spec) => new Transaction(Of(spec)).Destroy(Of(spec));

    private static void AddForward(Transaction transaction, ClusterSpec spec, string hostLink)
    {
        if (!spec.Egress)
        {
            // The host may forward for reasons of its own.
            transaction.Add(new Rule(Forward, [Match.Is(Meta.IifName, hostLink), new Counter(), Verdict.Drop]) { Comment = "no egress" });
        }

        // Switching forwarding on made a router of the host: without this, whoever is beside it could send to every pod.
        transaction.Add(new Rule(
            Forward,
            [
                Match.Is(Meta.OifName, hostLink), Match.IsNot(Meta.IifName, hostLink), Match.State(CtState.New | CtState.Invalid), new Counter(), Verdict.Drop,
            ])
        { Comment = "not from this machine" });
    }
}
