using System.Text.Json.Nodes;
using Fairlead.Cni.Plugin;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Cni.Ipam;

/// <summary>A port of the node that leads to a port of the pod (runtimeConfig.portMappings). <see cref="HostIP"/> none: every address of the node.</summary>
internal sealed record PortMapping(IpAddr HostIP, IpProtocol Protocol, ushort HostPort, ushort ContainerPort)
{
    /// <summary>Whether both cannot be in force at once.</summary>
    internal bool Collides(PortMapping other) =>
        Protocol == other.Protocol && HostPort == other.HostPort && (HostIP.IsNone || other.HostIP.IsNone || HostIP == other.HostIP);

    /// <summary>As people write it: <c>10.0.0.1:80/TCP</c>.</summary>
    public override string ToString() => $"{(HostIP.IsNone ? "*" : HostIP.IsV4 ? $"{HostIP}" : $"[{HostIP}]")}:{HostPort}/{Protocol.Text()}";

    /// <summary>Reads runtimeConfig.portMappings; mappings without a host port are none.</summary>
    /// <exception cref="CniException">Code 7.</exception>
    internal static ValueArray<PortMapping> ReadAll(JsonObject config)
    {
        if (config["runtimeConfig"] is not JsonObject runtime || runtime["portMappings"] is not JsonArray list)
        {
            return default;
        }

        var mappings = new List<PortMapping>();
        foreach (var item in list)
        {
            if (item is not JsonObject json)
            {
                throw Invalid("an entry is not an object");
            }

            if (Read(json) is { } mapping)
            {
                mappings.Add(mapping);
            }
        }

        return mappings.ToValueArray();
    }

    internal static PortMapping? Read(JsonObject json)
    {
        var hostIP = default(IpAddr);
        var host = CniRequest.Text(json, "hostIP");
        if (host.Length > 0 && !IpAddr.TryParse(host, out hostIP))
        {
            throw Invalid($"hostIP '{host}' is no address");
        }

        var protocol = CniRequest.Text(json, "protocol").ToUpperInvariant() switch
        {
            "" or "TCP" => IpProtocol.Tcp,
            "UDP" => IpProtocol.Udp,
            "SCTP" => IpProtocol.Sctp,
            var other => throw Invalid($"protocol '{other}' is not TCP, UDP or SCTP"),
        };

        // 0.0.0.0 and :: mean every address of their family; so does no address, of both.
        var every = hostIP.IsNone || hostIP.Value == 0;
        var hostPort = Port(json, "hostPort");
        return hostPort == 0 ? null : new PortMapping(every ? default : hostIP, protocol, hostPort, Port(json, "containerPort"));
    }

    internal JsonObject ToJson() => new()
    {
        ["hostIP"] = HostIP.ToString(),
        ["protocol"] = Protocol.Text(),
        ["hostPort"] = (int)HostPort,
        ["containerPort"] = (int)ContainerPort,
    };

    private static ushort Port(JsonObject json, string name) =>
        json[name] switch
        {
            null => 0,
            JsonValue value when value.TryGetValue<int>(out var port) && port is >= 0 and <= ushort.MaxValue => (ushort)port,
            var other => throw Invalid($"{name} {other.ToJsonString()} is no port"),
        };

    private static CniException Invalid(string message) => new(CniErrorCode.InvalidConfiguration, $"runtimeConfig.portMappings: {message}");
}
