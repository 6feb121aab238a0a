using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Fairlead.Linux.Addresses;

namespace Fairlead.Cluster.Naming;

/// <summary>
/// One end of a connection as people write it: <c>[kind/]name[.namespace][:port][/protocol]</c>, a pod unless a kind is given; an address or a range,
/// IPv6 in brackets when a port follows; <c>outside</c>. <c>web</c>, <c>web.shop</c>, <c>svc/api.shop:80</c>, <c>deploy/front</c>,
/// <c>node/fairlead-1</c>, <c>10.0.0.1:53/udp</c>, <c>[fd00::1]:53</c>, <c>10.0.0.0/8</c>.
/// </summary>
/// <param name="Kind">What is named.</param>
/// <param name="Name">The object's name; empty for addresses and the outside.</param>
/// <param name="Namespace">Its namespace; empty when none is said, and for what has none.</param>
public sealed record ConnectionEnd(EndKind Kind, string Name, string Namespace)
{
    private const string OutsideText = "outside";
    private const int LongestName = 253;

    private static readonly (EndKind Kind, string Short, string[] Names)[] Kinds =
    [
        (EndKind.Pod, "pod", ["pod", "pods", "po"]),
        (EndKind.Deployment, "deploy", ["deploy", "deployment", "deployments"]),
        (EndKind.ReplicaSet, "rs", ["rs", "replicaset", "replicasets"]),
        (EndKind.StatefulSet, "sts", ["sts", "statefulset", "statefulsets"]),
        (EndKind.DaemonSet, "ds", ["ds", "daemonset", "daemonsets"]),
        (EndKind.Job, "job", ["job", "jobs"]),
        (EndKind.CronJob, "cj", ["cj", "cronjob", "cronjobs"]),
        (EndKind.Service, "svc", ["svc", "service", "services"]),
        (EndKind.Node, "node", ["node", "nodes", "no"]),
        (EndKind.Namespace, "ns", ["ns", "namespace", "namespaces"]),
    ];

    /// <summary>The addresses; null for everything but <see cref="EndKind.Address"/>. One address is a range of one.</summary>
    public IpNet? Range { get; init; }

    /// <summary>A port number, or a port's name; empty when none is said.</summary>
    public string Port { get; init; } = "";

    /// <summary>The transport protocol; null when none is said.</summary>
    public IpProtocol? Protocol { get; init; }

    /// <summary>Reads it.</summary>
    /// <param name="text">The text.</param>
    /// <param name="end">What it names.</param>
    /// <param name="fault">What is wrong with it, in words; empty when nothing is.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out ConnectionEnd? end, out string fault)
    {
        (end, fault) = (null, "");
        var (rest, protocol, port) = (text, default(IpProtocol?), "");
        if (IpNet.TryParse(rest, out var range))
        {
            end = Of(range);
            return true;
        }

        if (rest.LastIndexOf('/') is var slash and > 0 && TryProtocol(rest[(slash + 1)..], out var named))
        {
            (rest, protocol) = (rest[..slash], named);
        }

        var isAddress = IpAddr.TryParse(rest, out var address);
        if (!isAddress && rest.LastIndexOf(':') is var colon and >= 0)
        {
            (rest, port) = (rest[..colon], rest[(colon + 1)..]);
            if (!IsPort(port))
            {
                fault = $"{text}: {(port.Length == 0 ? "no port follows the colon" : $"{port} is no port: a number from 1 to 65535, or a port's name")}";
                return false;
            }

            isAddress = IpAddr.TryParse(rest is ['[', .., ']'] ? rest[1..^1] : rest, out address) && address.IsV4 == !rest.StartsWith('[');
        }

        end = isAddress ? Of(IpNet.Single(address)) : rest == OutsideText ? new ConnectionEnd(EndKind.Outside, "", "") : Named(rest, ref fault);
        end = end is null ? null : end with { Port = port, Protocol = protocol };
        fault = end is null ? $"{text}: {fault}" : "";
        return end is not null;
    }

    /// <summary>As <see cref="TryParse"/>.</summary>
    /// <exception cref="FormatException">What is wrong with it.</exception>
    public static ConnectionEnd Parse(string text) => TryParse(text, out var end, out var fault) ? end : throw new FormatException(fault);

    /// <summary>A transport protocol by its name, in whatever case.</summary>
    public static bool TryProtocol(string text, out IpProtocol protocol)
    {
        protocol = text.ToUpperInvariant() switch
        {
            "TCP" => IpProtocol.Tcp,
            "UDP" => IpProtocol.Udp,
            "SCTP" => IpProtocol.Sctp,
            _ => IpProtocol.Any,
        };
        return protocol != IpProtocol.Any;
    }

    /// <summary>A port number from 1 to 65535, or a port's name (RFC 6335 §5.1: up to 15 letters, digits and hyphens, a letter among them).</summary>
    public static bool IsPort(string text) => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        ? number > 0
        : text.Length is > 0 and <= 15 && text.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-')
            && text.Any(char.IsAsciiLetter) && text[0] != '-' && text[^1] != '-';

    /// <summary>The end with the namespace that is meant where none is said.</summary>
    public ConnectionEnd In(string ns) =>
        Namespace.Length > 0 || Kind is EndKind.Node or EndKind.Namespace or EndKind.Address or EndKind.Outside ? this : this with { Namespace = ns };

    /// <summary>As it is written, the kind short.</summary>
    public override string ToString()
    {
        var who = Kind switch
        {
            EndKind.Outside => OutsideText,
            EndKind.Address => AddressText(),
            EndKind.Pod => Name,
            _ => $"{Array.Find(Kinds, one => one.Kind == Kind).Short}/{Name}",
        };
        var protocol = Protocol is { } known ? $"/{known.ToString().ToLowerInvariant()}" : "";
        return $"{who}{(Namespace.Length > 0 ? $".{Namespace}" : "")}{(Port.Length > 0 ? $":{Port}" : "")}{protocol}";
    }

    private static ConnectionEnd Of(IpNet range) => new(EndKind.Address, "", "") { Range = range };

    private string AddressText()
    {
        var net = Range ?? default;
        return net.Prefix < net.Address.Family.Bits ? $"{net}" : Port.Length > 0 && !net.Address.IsV4 ? $"[{net.Address}]" : $"{net.Address}";
    }

    private static ConnectionEnd? Named(string text, ref string fault)
    {
        var (kind, name) = (EndKind.Pod, text);
        if (text.Split('/') is [var written, var rest])
        {
            var known = Array.FindIndex(Kinds, one => one.Names.Contains(written));
            if (known < 0)
            {
                fault = $"there is no kind {written}: {string.Join(", ", Kinds.Select(one => one.Short))}";
                return null;
            }

            (kind, name) = (Kinds[known].Kind, rest);
        }

        // A namespace is one label; the name of an object may hold dots, which the last one parts from the namespace.
        var dot = kind is EndKind.Node or EndKind.Namespace ? -1 : name.LastIndexOf('.');
        var (own, ns) = dot < 0 ? (name, "") : (name[..dot], name[(dot + 1)..]);
        if (IsName(own) && (dot < 0 || (IsName(ns) && ns.Length <= 63)))
        {
            return new ConnectionEnd(kind, own, ns);
        }

        fault = "it is no name: [kind/]name[.namespace][:port][/protocol], an address, a range of addresses, or outside";
        return null;
    }

    private static bool IsName(string text) => text.Length is > 0 and <= LongestName && char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1])
        && text.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '-' or '.');
}
