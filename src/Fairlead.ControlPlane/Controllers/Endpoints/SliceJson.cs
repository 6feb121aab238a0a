using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Selectors;

namespace Fairlead.ControlPlane.Controllers.Endpoints;

/// <summary>EndpointSlices as documents.</summary>
internal static class SliceJson
{
    public const string TriggerTime = "endpoints.kubernetes.io/last-change-trigger-time";

    /// <summary>The whole slice. <paramref name="owner"/> is the Service or Endpoints it is made from.</summary>
    public static JsonObject Write(SliceWrite write, string space, string prefix, Labels labels, OwnerReference owner, DateTimeOffset trigger) =>
        Write(write, space, prefix, labels, owner, Labels.From(new Dictionary<string, string> { [TriggerTime] = trigger.ToApiTime() }));

    /// <summary>The whole slice, with all its annotations.</summary>
    public static JsonObject Write(SliceWrite write, string space, string prefix, Labels labels, OwnerReference owner, Labels annotations)
    {
        var meta = new JsonObject
        {
            ["namespace"] = space,
            ["labels"] = labels.ToJson(),
            ["annotations"] = annotations.ToJson(),
            ["ownerReferences"] = new JsonArray(owner.ToJson()),
        };
        if (write.Existing is { } existing)
        {
            meta["name"] = existing.Meta.Key.Name;
            meta["resourceVersion"] = existing.Meta.ResourceVersion.ToString(CultureInfo.InvariantCulture);
            meta["generateName"] = prefix;
        }
        else
        {
            meta["generateName"] = prefix;
        }

        return new JsonObject
        {
            ["apiVersion"] = "discovery.k8s.io/v1",
            ["kind"] = "EndpointSlice",
            ["metadata"] = meta,
            ["addressType"] = write.AddressType,
            ["ports"] = new JsonArray([.. write.Ports.Select(Port)]),
            ["endpoints"] = new JsonArray([.. write.Addresses.Select(Endpoint)]),
        };
    }

    private static JsonObject Port(SlicePort port)
    {
        var json = new JsonObject { ["name"] = port.Name, ["protocol"] = port.Protocol, ["port"] = port.Port };
        if (port.AppProtocol.Length > 0)
        {
            json["appProtocol"] = port.AppProtocol;
        }

        return json;
    }

    private static JsonObject Endpoint(SliceAddress address)
    {
        var json = new JsonObject
        {
            ["addresses"] = new JsonArray(address.Address),
            ["conditions"] = new JsonObject { ["ready"] = address.Ready, ["serving"] = address.Serving, ["terminating"] = address.Terminating },
        };
        SetText(json, "hostname", address.Hostname);
        SetText(json, "nodeName", address.NodeName);
        SetText(json, "zone", address.Zone);
        if (address.PodUid.Length > 0)
        {
            json["targetRef"] = new JsonObject
            {
                ["kind"] = "Pod",
                ["namespace"] = address.Pod.Namespace,
                ["name"] = address.Pod.Name,
                ["uid"] = address.PodUid,
            };
        }

        var hints = new JsonObject();
        SetNames(hints, "forZones", address.ForZones);
        SetNames(hints, "forNodes", address.ForNodes);
        if (hints.Count > 0)
        {
            json["hints"] = hints;
        }

        return json;
    }

    private static void SetText(JsonObject json, string name, string value)
    {
        if (value.Length > 0)
        {
            json[name] = value;
        }
    }

    private static void SetNames(JsonObject json, string name, IEnumerable<string> values)
    {
        var items = values.Select(value => (JsonNode)new JsonObject { ["name"] = value }).ToArray();
        if (items.Length > 0)
        {
            json[name] = new JsonArray(items);
        }
    }
}
