using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Addresses;

namespace Fairlead.Cluster.Reflectors;

/// <summary>Reads network values out of a document that may be malformed: what is missing or of the wrong type reads as absent.</summary>
internal static class Fields
{
    /// <summary>A port number; 0 when absent or out of range.</summary>
    public static ushort Port(this JsonNode? node, string name) => node.Number(name) is > 0 and <= ushort.MaxValue and var port ? (ushort)port : (ushort)0;

    public static IEnumerable<IpAddr> Addresses(IEnumerable<string> texts)
    {
        foreach (var text in texts)
        {
            if (IpAddr.TryParse(text, out var address))
            {
                yield return address;
            }
        }
    }

    public static IEnumerable<IpNet> Networks(IEnumerable<string> texts)
    {
        foreach (var text in texts)
        {
            if (IpNet.TryParse(text.Trim(), out var network))
            {
                yield return network;
            }
        }
    }

    public static ObjectKey Key(this JsonObject document) => new(document.Text("metadata", "namespace"), document.Text("metadata", "name"));

    /// <summary>A protocol by its API name; absent means TCP.</summary>
    /// <exception cref="FormatException">Not a protocol.</exception>
    public static IpProtocol Protocol(this JsonNode? node, string name) =>
        TryProtocol(node.Text(name), out var protocol) ? protocol : throw new FormatException($"unknown protocol {node.Text(name)}");

    public static bool TryProtocol(string text, out IpProtocol protocol)
    {
        protocol = text switch
        {
            "" or "TCP" => IpProtocol.Tcp,
            "UDP" => IpProtocol.Udp,
            "SCTP" => IpProtocol.Sctp,
            _ => IpProtocol.Any,
        };
        return protocol != IpProtocol.Any;
    }
}
