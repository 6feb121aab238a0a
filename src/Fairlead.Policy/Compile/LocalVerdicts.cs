using System.Collections.Immutable;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;

namespace Fairlead.Policy.Compile;

/// <summary>The verdicts of this node's pods, and what follows from them alone. Equal reference: nothing changed.</summary>
internal sealed class LocalVerdicts
{
    public LocalVerdicts(ImmutableSortedDictionary<ObjectKey, PodVerdicts> pods)
    {
        Pods = pods;
        var programs = new HashSet<PolicyProgram>();
        foreach (var pod in pods.Values)
        {
            foreach (var address in pod.IPs)
            {
                ByAddress.TryAdd(address, pod);
            }

            AddWithRest(programs, pod.Ingress);
            AddWithRest(programs, pod.Egress);
        }

        Programs = programs;
        foreach (var clause in programs.SelectMany(program => program.Clauses))
        {
            if (clause.Group is { } group)
            {
                Groups.Add(group);
                _ = clause.Action == PolicyAction.Accept || Restricting.Add(group);
            }
        }
    }

    /// <summary>No pods.</summary>
    public static LocalVerdicts None { get; } = new(ImmutableSortedDictionary<ObjectKey, PodVerdicts>.Empty);

    /// <summary>Pods of this node with known verdicts.</summary>
    public ImmutableSortedDictionary<ObjectKey, PodVerdicts> Pods { get; }

    /// <summary>The same by address.</summary>
    public Dictionary<IpAddr, PodVerdicts> ByAddress { get; } = [];

    /// <summary>Every program in use, those that others lead to included.</summary>
    public IReadOnlyCollection<PolicyProgram> Programs { get; }

    /// <summary>The groups the programs refer to.</summary>
    public HashSet<GroupKey> Groups { get; } = [];

    /// <summary>Those of them that Deny and Pass refer to: with a member more, something may be allowed no longer.</summary>
    public HashSet<GroupKey> Restricting { get; } = [];

    private static void AddWithRest(HashSet<PolicyProgram> programs, PolicyProgram? program)
    {
        while (program is not null && programs.Add(program))
        {
            program = program.Next;
        }
    }
}
