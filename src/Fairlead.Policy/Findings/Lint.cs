using Fairlead.Cluster.Model;

namespace Fairlead.Policy.Findings;

/// <summary>Finds the classic mistakes in policies and Services, from the rows alone. Pure; the findings of one object cost one look at each pod at most per rule.</summary>
public static class Lint
{
    /// <summary>The findings of every Service and every policy, by kind and name.</summary>
    public static IEnumerable<Finding> All(FindingWorld world) =>
        world.World.ClusterPolicies.Values.OrderBy(row => row.Name, StringComparer.Ordinal).SelectMany(row => Of(world, row))
            .Concat(world.World.Policies.Values.OrderBy(row => row.Key).SelectMany(row => Of(world, row)))
            .Concat(world.Services.Values.OrderBy(row => row.Key).SelectMany(row => Of(world, row)));

    /// <summary>The findings of a NetworkPolicy, which is judged with the others of the world; itself need not be there.</summary>
    public static IEnumerable<Finding> Of(FindingWorld world, PolicyRow policy)
    {
        var parts = PolicyParts.Of(policy);
        var subjects = world.Selectable(policy.Key.Namespace, policy.Subjects).ToList();
        return FieldChecks.NotUnderstood(parts)
            .Concat(DirectionChecks.Of(world, policy, subjects))
            .Concat(SelectorChecks.Subjects(world, parts, policy.Subjects, subjects))
            .Concat(SelectorChecks.Peers(world, parts))
            .Concat(PortChecks.Of(world, parts, subjects))
            .Concat(FieldChecks.Blocks(world, parts));
    }

    /// <summary>The findings of a ClusterNetworkPolicy.</summary>
    public static IEnumerable<Finding> Of(FindingWorld world, ClusterPolicyRow policy)
    {
        var parts = PolicyParts.Of(policy);
        var subjects = world.Namespaces(policy.SubjectNamespaces, "").SelectMany(ns => world.Selectable(ns, policy.SubjectPods)).ToList();
        return FieldChecks.NotUnderstood(parts)
            .Concat(SelectorChecks.Namespaces(world, parts, policy.SubjectNamespaces, "spec.subject"))
            .Concat(SelectorChecks.Subjects(world, parts, policy.SubjectPods, subjects))
            .Concat(SelectorChecks.Peers(world, parts))
            .Concat(PortChecks.Of(world, parts, subjects))
            .Concat(FieldChecks.Blocks(world, parts));
    }

    /// <summary>The findings of a Service.</summary>
    public static IEnumerable<Finding> Of(FindingWorld world, ServiceRow service) => ServiceChecks.Of(world, service);
}
