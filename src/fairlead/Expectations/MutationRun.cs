using Fairlead.Cluster.Model;
using Fairlead.Offline;
using Fairlead.Policy;
using Fairlead.Policy.Evaluate;

namespace Fairlead.Expectations;

/// <summary>Drops each part of each policy in turn and finds those that no expectation would miss. Pure.</summary>
internal sealed class MutationRun
{
    private readonly ClusterView _view;
    private readonly RelevantPolicies _relevant;
    private readonly List<(CaseResult Case, Connection Connection)> _held;
    private readonly ILookup<ObjectKey, (CaseResult Case, Connection Connection)> _byPolicy;

    private MutationRun(ModeResult run)
    {
        _view = run.View;
        _relevant = new RelevantPolicies(run.View.World);

        // What failed before would not fail because of what is dropped.
        _held = [.. run.Cases.Where(result => result.Passed).SelectMany(result => result.Connections.Select(one => (result, one.Connection)))];
        _byPolicy = _held
            .SelectMany(one => _relevant.Of(one.Connection.SourcePod).Concat(_relevant.Of(one.Connection.TargetPod)).Select(policy => policy.Key).Distinct().Select(key => (key, one)))
            .ToLookup(pair => pair.key, pair => pair.one);
    }

    /// <summary>How many parts there are, and those that could go unnoticed.</summary>
    public static (int Count, IReadOnlyList<Mutant> Survivors) Run(ModeResult run)
    {
        var mutation = new MutationRun(run);
        var world = run.View.World;
        var (count, survivors) = (0, new List<Mutant>());
        foreach (var policy in world.Policies.Values.OrderBy(policy => policy.Key))
        {
            foreach (var (mutant, row) in Mutants.Of(policy, run.View))
            {
                count++;
                if (!mutation.IsMissed(policy, row))
                {
                    survivors.Add(mutant);
                }
            }
        }

        foreach (var policy in world.ClusterPolicies.Values.Order(Comparer<ClusterPolicyRow>.Create(ClusterPolicyRow.Order)))
        {
            foreach (var (mutant, row) in Mutants.Of(policy, run.View))
            {
                count++;
                if (!mutation.IsMissed(policy, row))
                {
                    survivors.Add(mutant);
                }
            }
        }

        return (count, survivors);
    }

    /// <summary>Whether some expectation about the policy's pods fails with <paramref name="changed"/> in its place.</summary>
    private bool IsMissed(PolicyRow policy, PolicyRow? changed) => _byPolicy[policy.Key].Any(one =>
    {
        var world = _relevant.Between(one.Connection.SourcePod, one.Connection.TargetPod);
        return Fails(one, world with { Policies = changed is null ? world.Policies.Remove(policy.Key) : world.Policies.SetItem(policy.Key, changed) });
    });

    private bool IsMissed(ClusterPolicyRow policy, ClusterPolicyRow? changed) => _held.Any(one =>
    {
        var world = _relevant.Between(one.Connection.SourcePod, one.Connection.TargetPod);
        return (Selects(policy, one.Connection.SourcePod) || Selects(policy, one.Connection.TargetPod))
            && Fails(one, world with { ClusterPolicies = changed is null ? world.ClusterPolicies.Remove(policy.Name) : world.ClusterPolicies.SetItem(policy.Name, changed) });
    });

    private bool Selects(ClusterPolicyRow policy, PodRow? pod) => pod is not null && _view.World.Selects(policy, pod);

    private static bool Fails((CaseResult Case, Connection Connection) one, PolicyWorld world)
    {
        var (connection, expectation) = (one.Connection, one.Case.Expectation);
        var verdict = PolicyEvaluator.Evaluate(world, connection.Source, connection.Target, connection.Protocol, connection.Port);
        return verdict.Allowed != expectation.Allowed || VerdictText.MissingReason(verdict, expectation.Because) is not null;
    }
}
