using Fairlead.Cni.Ipam;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Rulesets;
using Fairlead.Nftables.Transactions;
using Fairlead.Nftables.Values;
using Fairlead.State;

namespace Fairlead.Cni.Datapath;

/// <summary>
/// The nf_tables table <c>fairlead-pods</c>: a pod sends only with its own addresses, host ports lead to pods, and pods leave the cluster with the
/// node's address where the node is told to see to that. Pure: everything here makes transactions from values.
/// </summary>
internal static class PodTable
{
    private const string Name = "fairlead-pods";
    private const string Pods = Attachment.InterfacePrefix;
    private const string FromPod = "from-pod";
    private const string HostPorts = "host-ports";

    // After the proxy's, so that no pod takes a Service's traffic by its hostPort (CVE-2019-9946): the first NAT chain that has an answer ends the search.
    private const int HostPortPriority = Priority.Dstnat + 1;

    internal static readonly Table Table = new(Name);

    private static readonly IpNet Loopback = IpNet.Parse("127.0.0.0/8");
    private static readonly IpNet LinkLocal = IpNet.Parse("fe80::/10");
    private static readonly IpNet Unspecified = IpNet.Parse("::/128");

    /// <summary>The whole table anew, replacing what there is in one step.</summary>
    /// <param name="attachments">The node's pods.</param>
    /// <param name="masquerade">What leaves with the node's address.</param>
    /// <param name="services">Where host ports do not apply.</param>
    internal static Transaction Replace(IEnumerable<Attachment> attachments, MasqueradePlan masquerade, ValueArray<IpNet> services = default)
    {
        var transaction = new Transaction(Table).Add(Table).Delete(Table).Add(Table);
        foreach (var family in IpFamily.All)
        {
            transaction.Add(Addresses(family)).Add(PortsOf(family)).Add(PortsOfAny(family)).Add(Hairpin(family)).Add(OwnPods(family)).Add(Inside(family));
        }

        AddGuard(transaction);
        AddHostPorts(transaction, services);
        AddSources(transaction);
        foreach (var attachment in attachments)
        {
            Add(transaction, attachment);
        }

        return AddMasquerade(transaction, masquerade);
    }

    /// <summary>What one more pod needs.</summary>
    internal static Transaction Add(Attachment attachment) => Add(new Transaction(Table), attachment);

    /// <summary>Takes back what <see cref="Add(Attachment)"/> did.</summary>
    internal static Transaction Remove(Attachment attachment)
    {
        var transaction = new Transaction(Table);
        foreach (var elements in ElementsOf(attachment))
        {
            transaction.Delete(elements);
        }

        return transaction;
    }

    /// <summary>Other ranges inside and outside the cluster.</summary>
    internal static Transaction Masquerade(MasqueradePlan plan)
    {
        var transaction = new Transaction(Table);
        foreach (var family in IpFamily.All)
        {
            transaction.Flush(OwnPods(family)).Flush(Inside(family));
        }

        return AddMasquerade(transaction, plan);
    }

    /// <summary>Whether two tables are the same but for what is masqueraded.</summary>
    internal static bool AreSame(Ruleset one, Ruleset other)
    {
        var ranges = IpFamily.All.SelectMany(family => new[] { OwnPods(family).Name, Inside(family).Name }).ToHashSet();
        return one.Chains.Count == other.Chains.Count && one.Containers.Count == other.Containers.Count
            && one.Chains.All(pair => other.Chains.TryGetValue(pair.Key, out var chain)
                && chain.Chain == pair.Value.Chain && chain.Rules.SequenceEqual(pair.Value.Rules))
            && one.Containers.All(pair => other.Containers.TryGetValue(pair.Key, out var container)
                && container.Container == pair.Value.Container
                && (ranges.Contains(pair.Key) || SameElements(container.Elements, pair.Value.Elements)));
    }

    private static bool SameElements(IReadOnlyDictionary<Datum, Element> one, IReadOnlyDictionary<Datum, Element> other) =>
        one.Count == other.Count && one.All(pair => other.TryGetValue(pair.Key, out var element) && element == pair.Value);

    private static Set Addresses(IpFamily family) => new($"addresses-{Suffix(family)}", [FieldType.InterfaceName, FieldType.Address(family)]);

    private static Map PortsOf(IpFamily family) => new(
        $"ports-{Suffix(family)}",
        [FieldType.Address(family), FieldType.InetProtocol, FieldType.InetService],
        [FieldType.Address(family), FieldType.InetService]);

    private static Map PortsOfAny(IpFamily family) => new(
        $"ports-any-{Suffix(family)}", [FieldType.InetProtocol, FieldType.InetService], [FieldType.Address(family), FieldType.InetService]);

    private static Set Hairpin(IpFamily family) => new($"hairpin-{Suffix(family)}", [FieldType.Address(family), FieldType.Address(family)]);

    private static Set OwnPods(IpFamily family) => new($"own-pods-{Suffix(family)}", [FieldType.Address(family)]) { Flags = ContainerFlags.Interval };

    private static Set Inside(IpFamily family) => new($"inside-{Suffix(family)}", [FieldType.Address(family)]) { Flags = ContainerFlags.Interval };

    private static char Suffix(IpFamily family) => family == IpFamily.V4 ? '4' : '6';

    private static Match Packets(IpFamily family) => Match.Is(Meta.NfProto, family.AddressFamily);

    private static void AddGuard(Transaction transaction)
    {
        transaction.Add(new Chain(FromPod));
        transaction.Add(new Chain("guard", new BaseChain(ChainType.Filter, Hook.Prerouting, Priority.Raw)));
        transaction.Add(new Rule("guard", [Match.NameStartsWith(Meta.IifName, Pods), Verdict.Goto(FromPod)]));

        // Host ports on 127.0.0.1 need route_localnet, which would open the node's loopback to pods (CVE-2020-8558). Replies to such connections
        // are addressed to the node's own address here.
        transaction.Add(new Rule(FromPod, [Match.In(Payload.IpDaddr, Loopback), new Counter(), Verdict.Drop]));
        foreach (var family in IpFamily.All)
        {
            var key = Selector.Of(Meta.IifName, Payload.Saddr(family));
            transaction.Add(new Rule(FromPod, [new InSet(key, Addresses(family).Name), Verdict.Accept]));
        }

        // Neighbour discovery and duplicate address detection speak from link-local addresses and from none.
        foreach (var range in new[] { LinkLocal, Unspecified })
        {
            transaction.Add(new Rule(FromPod, [Match.In(Payload.Ip6Saddr, range), Match.Is(Meta.L4Proto, IpProtocol.IcmpV6), Verdict.Accept]));
        }

        transaction.Add(new Rule(FromPod, [new Counter(), Verdict.Drop]) { Comment = "not the pod's address" });
    }

    private static void AddHostPorts(Transaction transaction, ValueArray<IpNet> services)
    {
        transaction.Add(new Chain(HostPorts));
        foreach (var range in services)
        {
            transaction.Add(new Rule(HostPorts, [Match.In(Payload.Daddr(range.Address.Family), range), Verdict.Return]) { Comment = "a Service's address" });
        }

        foreach (var family in IpFamily.All)
        {
            var port = Selector.Of(Meta.L4Proto, Payload.ThDport);
            var addressAndPort = Selector.Of(Payload.Daddr(family), Meta.L4Proto, Payload.ThDport);
            transaction.Add(new Rule(HostPorts, [Nat.Dnat(family, addressAndPort, PortsOf(family).Name)]));
            transaction.Add(new Rule(HostPorts, [Packets(family), Nat.Dnat(family, port, PortsOfAny(family).Name)]));
        }

        foreach (var (name, hook) in new[] { ("host-ports-in", Hook.Prerouting), ("host-ports-out", Hook.Output) })
        {
            transaction.Add(new Chain(name, new BaseChain(ChainType.Nat, hook, HostPortPriority)));
            transaction.Add(new Rule(name, [Match.Is(Fib.DaddrType, (uint)FibAddressType.Local), Verdict.Jump(HostPorts)]));
        }
    }

    private static void AddSources(Transaction transaction)
    {
        const string Chain = "sources";
        transaction.Add(new Chain(Chain, new BaseChain(ChainType.Nat, Hook.Postrouting, Priority.Srcnat)));

        // A pod cannot answer 127.0.0.1, and a pod that reaches itself through the node must answer through the node.
        transaction.Add(new Rule(Chain, [Match.In(Payload.IpSaddr, Loopback), Match.NameStartsWith(Meta.OifName, Pods), new Masquerade()]));
        foreach (var family in IpFamily.All)
        {
            var (source, destination) = (Payload.Saddr(family), Payload.Daddr(family));
            transaction.Add(new Rule(Chain, [new InSet(Selector.Of(source, destination), Hairpin(family).Name), new Masquerade()]));
            transaction.Add(new Rule(
                Chain, [new InSet(source, OwnPods(family).Name), new InSet(destination, Inside(family).Name, Not: true), new Masquerade()]));
        }
    }

    private static Transaction Add(Transaction transaction, Attachment attachment)
    {
        foreach (var elements in ElementsOf(attachment))
        {
            transaction.Add(elements);
        }

        return transaction;
    }

    private static List<Elements> ElementsOf(Attachment attachment)
    {
        var all = new List<Elements>();
        foreach (var ip in attachment.Row.IPs)
        {
            var family = ip.Family;
            all.Add(new Elements(Addresses(family), new Element(Datum.Of(attachment.Row.HostInterface, ip))));
            var ports = attachment.Ports.Where(port => port.HostIP.IsNone || port.HostIP.Family == family).ToList();
            if (ports.Count > 0)
            {
                var (any, one) = (ports.Where(port => port.HostIP.IsNone), ports.Where(port => !port.HostIP.IsNone));
                all.Add(new Elements(Hairpin(family), new Element(Datum.Of(ip, ip))));
                all.Add(new Elements(PortsOfAny(family), [.. any.Select(port =>
                    Element.Of(Datum.Of(port.Protocol, port.HostPort), Datum.Of(ip, port.ContainerPort)))]));
                all.Add(new Elements(PortsOf(family), [.. one.Select(port =>
                    Element.Of(Datum.Of(port.HostIP, port.Protocol, port.HostPort), Datum.Of(ip, port.ContainerPort)))]));
            }
        }

        return all;
    }

    private static Transaction AddMasquerade(Transaction transaction, MasqueradePlan plan)
    {
        foreach (var family in IpFamily.All)
        {
            transaction.Add(new Elements(OwnPods(family), Ranges(plan.OwnPods, family)));
            transaction.Add(new Elements(Inside(family), Ranges(plan.Inside, family)));
        }

        return transaction;
    }

    private static List<Element> Ranges(IEnumerable<IpNet> nets, IpFamily family) =>
        [.. nets.Where(net => net.Address.Family == family).Select(Element.Range)];
}
