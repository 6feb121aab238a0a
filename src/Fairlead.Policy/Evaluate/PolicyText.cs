using System.Globalization;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;

namespace Fairlead.Policy.Evaluate;

/// <summary>Parts of policies as kubectl's users write them.</summary>
public static class PolicyText
{
    /// <summary>TCP, UDP, SCTP, ICMP, or the number.</summary>
    public static string Protocol(IpProtocol protocol) => protocol switch
    {
        IpProtocol.Tcp => "TCP",
        IpProtocol.Udp => "UDP",
        IpProtocol.Sctp => "SCTP",
        IpProtocol.Icmp or IpProtocol.IcmpV6 => "ICMP",
        IpProtocol.Any => "any protocol",
        _ => string.Create(CultureInfo.InvariantCulture, $"protocol {(int)protocol}"),
    };

    /// <summary><c>TCP 80</c>, <c>UDP 53-54</c>, <c>TCP "web"</c>, or <c>TCP</c> alone for all its ports.</summary>
    public static string Port(PolicyPort port)
    {
        var number = port.Name.Length > 0 ? $" \"{port.Name}\""
            : port.Port == 0 ? ""
            : port.EndPort > port.Port ? string.Create(CultureInfo.InvariantCulture, $" {port.Port}-{port.EndPort}")
            : string.Create(CultureInfo.InvariantCulture, $" {port.Port}");
        return Protocol(port.Protocol) + number;
    }

    /// <summary><c>10.0.0.0/8 except 10.1.0.0/16</c>.</summary>
    public static string Block(IpBlock block) => block.Except.Count == 0 ? block.Cidr.ToString() : $"{block.Cidr} except {string.Join(", ", block.Except)}";

    /// <summary><c>pods app=web</c>, or <c>all pods</c>.</summary>
    public static string Things(string plural, LabelSelector selector) => selector.Requirements.Count == 0 ? $"all {plural}" : $"{plural} {Selector(selector)}";

    /// <summary>A selector as <c>kubectl get -l</c> takes it; empty when it selects everything.</summary>
    public static string Selector(LabelSelector selector) => string.Join(',', selector.Requirements.Select(Requirement));

    private static string Requirement(LabelRequirement requirement) => (requirement.Operator, requirement.Values.Count) switch
    {
        (LabelOperator.In, 1) => $"{requirement.Key}={requirement.Values[0]}",
        (LabelOperator.NotIn, 1) => $"{requirement.Key}!={requirement.Values[0]}",
        (LabelOperator.In, _) => $"{requirement.Key} in ({string.Join(',', requirement.Values)})",
        (LabelOperator.NotIn, _) => $"{requirement.Key} notin ({string.Join(',', requirement.Values)})",
        (LabelOperator.Exists, _) => requirement.Key,
        _ => $"!{requirement.Key}",
    };
}
