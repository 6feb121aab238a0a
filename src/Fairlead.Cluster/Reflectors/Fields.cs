using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;

namespace Fairlead.Cluster.Reflectors;

/// <summary>Reads fields of a document that may be malformed: what is missing or of the wrong type reads as absent.</summary>
internal static class Fields
{
    public static JsonObject? Object(this JsonNode? node, string name) => (node as JsonObject)?[name] as JsonObject;

    public static IEnumerable<JsonNode> Items(this JsonNode? node, string name) => ((node as JsonObject)?[name] as JsonArray)?.OfType<JsonNode>() ?? [];

    public static string Text(this JsonNode? node, string name) => AsText((node as JsonObject)?[name]);

    public static bool Flag(this JsonNode? node, string name, bool absent = false) => (node as JsonObject)?[name]?.GetValueKind() switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => absent,
    };

    public static int Number(this JsonNode? node, string name) =>
        (node as JsonObject)?[name] is JsonValue value && value.GetValueKind() == JsonValueKind.Number
        && int.TryParse(value.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : 0;

    /// <summary>A port number; 0 when absent or out of range.</summary>
    public static ushort Port(this JsonNode? node, string name) => node.Number(name) is var port and > 0 and <= ushort.MaxValue ? (ushort)port : (ushort)0;

    public static IEnumerable<string> Texts(this JsonNode? node, string name) => node.Items(name).Select(AsText).Where(text => text.Length > 0);

    public static string AsText(JsonNode? node) => node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : "";

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

    public static ObjectKey Key(this JsonObject document)
    {
        var meta = document.Object("metadata");
        return new ObjectKey(meta.Text("namespace"), meta.Text("name"));
    }

    public static Labels Labels(this JsonNode? node, string name) => node.Object(name) is { Count: > 0 } labels
        ? Kube.Selectors.Labels.From(labels.Select(pair => KeyValuePair.Create(pair.Key, AsText(pair.Value))))
        : Kube.Selectors.Labels.Empty;

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

    /// <summary>A meta/v1 LabelSelector.</summary>
    /// <exception cref="FormatException">An operator is not known: such a selector must not match everything.</exception>
    public static LabelSelector Selector(JsonObject selector)
    {
        var requirements = new List<LabelRequirement>();
        foreach (var (key, value) in selector.Object("matchLabels") ?? [])
        {
            requirements.Add(new LabelRequirement(key, LabelOperator.In, [AsText(value)]));
        }

        foreach (var expression in selector.Items("matchExpressions"))
        {
            var operation = expression.Text("operator") switch
            {
                "In" => LabelOperator.In,
                "NotIn" => LabelOperator.NotIn,
                "Exists" => LabelOperator.Exists,
                "DoesNotExist" => LabelOperator.DoesNotExist,
                var other => throw new FormatException($"unknown label operator {other}"),
            };
            requirements.Add(new LabelRequirement(expression.Text("key"), operation, [.. expression.Texts("values")]));
        }

        return new LabelSelector(requirements);
    }
}
