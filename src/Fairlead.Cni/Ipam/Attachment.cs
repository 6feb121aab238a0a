using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Cni.Plugin;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Cni.Ipam;

/// <summary>One interface of one pod: what other rooms see of it, and what only this one needs.</summary>
internal sealed record Attachment(AttachmentRow Row, ValueArray<PortMapping> Ports)
{
    /// <summary>
    /// How the node's ends of pod links begin. With 12 hexadecimal digits it makes the 15 characters a name may have; longer than "fl", so that
    /// rules for "this prefix" miss flannel's interfaces.
    /// </summary>
    internal const string InterfacePrefix = "flp";

    private const int Digits = 12;
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    internal string Key => Row.Key;

    /// <summary>Ethernet address of the node's end. A function of the key, so that it never has to be read back.</summary>
    internal MacAddress HostMac => MacAddress.Local(Hash(Key, 0));

    /// <summary>Ethernet address of the pod's end.</summary>
    internal MacAddress PodMac => MacAddress.Local(Hash(Key, 8));

    /// <summary>Name of the node's end of an attachment.</summary>
    internal static string HostInterfaceOf(string key) => $"{InterfacePrefix}{Hash(key, 16):x16}"[..(InterfacePrefix.Length + Digits)];

    /// <summary>Whether a link's name can only be that of a pod link of ours.</summary>
    internal static bool IsHostInterface(string name) =>
        name.Length == InterfacePrefix.Length + Digits && name.StartsWith(InterfacePrefix, StringComparison.Ordinal)
        && name.AsSpan(InterfacePrefix.Length).IndexOfAnyExcept(HexDigits) < 0;

    internal JsonObject ToJson()
    {
        var ips = new JsonArray();
        foreach (var ip in Row.IPs)
        {
            ips.Add((JsonNode)ip.ToString());
        }

        var ports = new JsonArray();
        foreach (var port in Ports)
        {
            ports.Add((JsonNode)port.ToJson());
        }

        return new JsonObject
        {
            ["containerId"] = Row.ContainerId,
            ["ifname"] = Row.IfName,
            ["namespace"] = Row.Pod.Namespace,
            ["pod"] = Row.Pod.Name,
            ["uid"] = Row.PodUid,
            ["netns"] = Row.NetnsPath,
            ["ips"] = ips,
            ["ports"] = ports,
        };
    }

    /// <exception cref="FormatException">Not what <see cref="ToJson"/> writes.</exception>
    internal static Attachment FromJson(JsonObject json)
    {
        var ips = json["ips"] as JsonArray ?? throw new FormatException("an attachment without ips");
        var ports = json["ports"] as JsonArray ?? [];
        var (container, ifname) = (CniRequest.Text(json, "containerId"), CniRequest.Text(json, "ifname"));
        if (container.Length == 0 || ifname.Length == 0)
        {
            throw new FormatException("an attachment without containerId or ifname");
        }

        var row = new AttachmentRow
        {
            ContainerId = container,
            IfName = ifname,
            Pod = new ObjectKey(CniRequest.Text(json, "namespace"), CniRequest.Text(json, "pod")),
            PodUid = CniRequest.Text(json, "uid"),
            NetnsPath = CniRequest.Text(json, "netns"),
            HostInterface = HostInterfaceOf($"{container}/{ifname}"),
            IPs = ips.Select(ip => IpAddr.Parse(ip?.GetValue<string>() ?? "")).ToValueArray(),
        };
        return new Attachment(row, ports.OfType<JsonObject>().Select(PortMapping.Read).OfType<PortMapping>().ToValueArray());
    }

    private static ulong Hash(string key, int offset) => BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(key)).AsSpan(offset));
}
