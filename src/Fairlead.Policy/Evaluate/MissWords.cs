using System.Globalization;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;

namespace Fairlead.Policy.Evaluate;

/// <summary>What does not fit of a rule, in words that say what the rule wants and what it met.</summary>
internal sealed class MissWords(PolicyWorld world, Question question)
{
    // More than these make no sentence any more.
    private const int MostNamed = 4;

    /// <summary>The parts that do not fit, the least first, joined by semicolons.</summary>
    public string Of(Candidate rule, NearMissFinder.Miss peer, NearMissFinder.Miss port)
    {
        var words = new List<string>();
        if (port.Parts != MissedParts.None)
        {
            words.Add($"it allows {Listed(rule.Ports.Select(PortText))}, not {Asked}");
        }

        if (peer.Parts != MissedParts.None)
        {
            words.AddRange(PeerWords(rule, peer));
        }

        return string.Join("; ", words);
    }

    private string Asked => question.Protocol is IpProtocol.Tcp or IpProtocol.Udp or IpProtocol.Sctp
        ? string.Create(CultureInfo.InvariantCulture, $"{PolicyText.Protocol(question.Protocol)} {question.Port}")
        : PolicyText.Protocol(question.Protocol);

    private string PortText(PolicyPort port)
    {
        if (port.Name.Length == 0)
        {
            return PolicyText.Port(port);
        }

        var declared = question.Target?.Ports.Where(own => own.Name == port.Name && own.Protocol == port.Protocol).Select(own => own.Port).ToList() ?? [];
        var where = declared.Count > 0 ? string.Join(" and ", declared.Select(number => number.ToString(CultureInfo.InvariantCulture)))
            : question.Target is { } target ? $"which {Name(target)} does not declare"
            : "which only a pod can declare";
        return $"{PolicyText.Port(port)} ({where})";
    }

    private IEnumerable<string> PeerWords(Candidate rule, NearMissFinder.Miss miss)
    {
        var peer = rule.Peers[miss.Index];
        if (peer.Block is { } block)
        {
            yield return $"it allows {PolicyText.Block(block)}, not {question.Peer}";
        }
        else if (peer.Nodes is { } nodes)
        {
            yield return $"it selects {PolicyText.Things("nodes", nodes)}; {question.Peer} is an address of none of them";
        }
        else if (question.PeerPod is not { } pod)
        {
            yield return $"it selects pods; {question.Peer} is no pod's address";
        }
        else
        {
            if (miss.Parts.HasFlag(MissedParts.Pods))
            {
                yield return $"it selects {PolicyText.Things("pods", peer.Pods!)}; {Name(pod)} {Has(peer.Pods!, pod.Labels)}";
            }

            if (miss.Parts.HasFlag(MissedParts.Namespace))
            {
                yield return NamespaceWords(peer, rule.Policy.Namespace, pod);
            }
        }
    }

    private string NamespaceWords(PolicyPeer peer, string ownNamespace, PodRow pod)
    {
        if (peer.Namespaces is not { } selector)
        {
            return $"without a namespaceSelector it selects pods of namespace {ownNamespace} alone; {Name(pod)} is in namespace {pod.Key.Namespace}";
        }

        var has = world.Namespaces.TryGetValue(pod.Key.Namespace, out var row) ? Has(selector, row.Labels) : "is not known";
        return $"it selects {PolicyText.Things("namespaces", selector)}; namespace {pod.Key.Namespace} {has}";
    }

    /// <summary>What the labels have where the selector wants something else.</summary>
    private static string Has(LabelSelector selector, Labels labels)
    {
        var keys = selector.Requirements.Where(requirement => !requirement.Matches(labels)).Select(requirement => requirement.Key).Distinct();
        return Listed(keys.Select(key => labels[key] is { } value ? $"has {key}={value}" : $"has no label {key}"));
    }

    private static string Listed(IEnumerable<string> texts)
    {
        var all = texts.ToList();
        return all.Count > MostNamed
            ? string.Create(CultureInfo.InvariantCulture, $"{string.Join(", ", all.Take(MostNamed))} and {all.Count - MostNamed} more")
            : all.Count < 2 ? string.Concat(all) : $"{string.Join(", ", all.Take(all.Count - 1))} and {all[^1]}";
    }

    private static string Name(PodRow pod) => pod.Key == PolicyWorld.DnsPeerKey ? "the cluster's DNS" : pod.Key.ToString();
}
