using System.Text.Json.Nodes;
using Fairlead.Cni.Datapath;
using Fairlead.Cni.Ipam;
using Fairlead.Cni.Plugin;

namespace Fairlead.Cni.Server;

/// <summary>The Result of ADD (CNI specification 1.1.0, section 5), in the form of the version asked for.</summary>
internal static class CniResult
{
    private const int PodInterface = 1;

    internal static JsonObject Of(Attachment attachment, int mtu, string version)
    {
        var ips = new JsonArray();
        var routes = new JsonArray();
        foreach (var ip in attachment.Row.IPs)
        {
            var gateway = PodGateway.Of(ip.Family).ToString();
            var json = new JsonObject { ["interface"] = PodInterface, ["address"] = $"{ip}/{ip.Family.Bits}", ["gateway"] = gateway };
            if (!CniVersions.AtLeast(version, "1.0.0"))
            {
                json["version"] = ip.IsV4 ? "4" : "6";
            }

            ips.Add((JsonNode)json);
            routes.Add((JsonNode)new JsonObject { ["dst"] = PodGateway.Default(ip.Family).ToString(), ["gw"] = gateway });
        }

        var outer = new JsonObject { ["name"] = attachment.Row.HostInterface, ["mac"] = attachment.HostMac.ToString() };
        var inner = new JsonObject
        {
            ["name"] = attachment.Row.IfName,
            ["mac"] = attachment.PodMac.ToString(),
            ["sandbox"] = attachment.Row.NetnsPath,
        };
        if (CniVersions.AtLeast(version, "1.1.0"))
        {
            outer["mtu"] = mtu;
            inner["mtu"] = mtu;
        }

        return new JsonObject
        {
            ["cniVersion"] = version,
            ["interfaces"] = new JsonArray { (JsonNode)outer, (JsonNode)inner },
            ["ips"] = ips,
            ["routes"] = routes,
            ["dns"] = new JsonObject(),
        };
    }
}
