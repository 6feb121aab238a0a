using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>
/// Validation of a ClusterNetworkPolicy (features.md §3.2), with the bounds of the CustomResourceDefinition of network-policy-api v0.2.0. Selectors and
/// ranges are judged as those of a NetworkPolicy are, which the definition leaves to whoever reads them.
/// </summary>
internal static class ClusterNetworkPolicyRules
{
    private const int MostItems = 25;
    private const int LongestName = 100;
    private const int LongestRange = 43;

    public static void Validate(JsonObject? spec, FieldErrors errors)
    {
        if (spec is null)
        {
            errors.Required(FieldPath.Spec);
            return;
        }

        RequireOneOf(spec.At("tier"), FieldPath.Spec.Child("tier"), errors, "Admin", "Baseline");
        Within(spec, "priority", FieldPath.Spec, 0, 1000, errors);
        if (RequireOneField(spec, "subject", FieldPath.Spec, errors) is { } subject)
        {
            ValidatePods(subject, FieldPath.Spec.Child("subject"), errors);
        }

        foreach (var (direction, peers) in (ReadOnlySpan<(string, string)>)[("ingress", "from"), ("egress", "to")])
        {
            var field = FieldPath.Spec.Child(direction);
            AtMost(spec.List(direction), field, errors);
            foreach (var (index, rule) in spec.List(direction).Items())
            {
                ValidateRule(rule, peers, field.Index(index), errors);
            }
        }
    }

    private static void ValidateRule(JsonObject rule, string peersName, FieldPath field, FieldErrors errors)
    {
        RequireOneOf(rule.At("action"), field.Child("action"), errors, "Accept", "Deny", "Pass");
        if (rule.Text("name") is { Length: > LongestName })
        {
            errors.TooLong(field.Child("name"), LongestName);
        }

        var peers = rule.List(peersName);
        if (peers is null)
        {
            errors.Required(field.Child(peersName));
        }
        else if (peers.Count == 0)
        {
            errors.Invalid(field.Child(peersName), 0, $"{field.Child(peersName)} in body should have at least 1 items");
        }

        AtMost(peers, field.Child(peersName), errors);
        foreach (var (index, peer) in peers.Items())
        {
            ValidatePeer(peer, field.Child(peersName).Index(index), errors);
        }

        var protocols = rule.List("protocols");
        AtMost(protocols, field.Child("protocols"), errors);
        foreach (var (index, protocol) in protocols.Items())
        {
            ValidateProtocol(protocol, field.Child("protocols").Index(index), errors);
        }

        var named = protocols.Items().Any(protocol => protocol.Item.Has("destinationNamedPort"));
        if (named && peers.Items().Any(peer => peer.Item.Has("networks") || peer.Item.Has("nodes")))
        {
            errors.Invalid(field, "object", "networks and nodes have no named ports: such peers cannot stand beside destinationNamedPort");
        }
    }

    private static void ValidatePeer(JsonObject peer, FieldPath field, FieldErrors errors)
    {
        OneField(peer, field, errors);
        ValidatePods(peer, field, errors);
        SelectorRules.Validate(peer.Object("nodes"), field.Child("nodes"), errors);
        if (peer.List("networks") is not { } networks)
        {
            return;
        }

        AtMost(networks, field.Child("networks"), errors);
        if (networks.Count == 0)
        {
            errors.Invalid(field.Child("networks"), 0, $"{field.Child("networks")} in body should have at least 1 items");
        }

        var seen = new HashSet<string>();
        foreach (var (text, index) in networks.Texts().Select((text, index) => (text, index)))
        {
            var path = field.Child("networks").Index(index);
            if (text.Length > LongestRange)
            {
                errors.TooLong(path, LongestRange);
            }
            else if (AddressRules.Range(text, path, errors) && !seen.Add(text))
            {
                errors.Duplicate(path, text);
            }
        }
    }

    private static void ValidatePods(JsonObject peer, FieldPath field, FieldErrors errors)
    {
        SelectorRules.Validate(peer.Object("namespaces"), field.Child("namespaces"), errors);
        if (peer.Object("pods") is not { } pods)
        {
            return;
        }

        if (pods.Object("podSelector") is null)
        {
            errors.Required(field.Child("pods").Child("podSelector"));
        }

        SelectorRules.Validate(pods.Object("namespaceSelector"), field.Child("pods").Child("namespaceSelector"), errors);
        SelectorRules.Validate(pods.Object("podSelector"), field.Child("pods").Child("podSelector"), errors);
    }

    private static void ValidateProtocol(JsonObject protocol, FieldPath field, FieldErrors errors)
    {
        OneField(protocol, field, errors);
        foreach (var name in (ReadOnlySpan<string>)["tcp", "udp", "sctp"])
        {
            if (protocol.Object(name) is not { } ports || RequireOneField(ports, "destinationPort", field.Child(name), errors) is not { } port)
            {
                continue;
            }

            var path = field.Child(name).Child("destinationPort");
            if (port.Has("number"))
            {
                Within(port, "number", path, 1, ushort.MaxValue, errors);
            }

            if (port.Object("range") is { } range)
            {
                Within(range, "start", path.Child("range"), 1, ushort.MaxValue, errors);
                Within(range, "end", path.Child("range"), 1, ushort.MaxValue, errors);
                if (range.Number("start") >= range.Number("end"))
                {
                    errors.Invalid(path.Child("range"), "object", "start must be less than end");
                }
            }
        }
    }

    /// <summary>The object under <paramref name="name"/>, which must be there and have exactly one field; null when it is not there.</summary>
    private static JsonObject? RequireOneField(JsonObject parent, string name, FieldPath field, FieldErrors errors)
    {
        if (parent.Object(name) is not { } found)
        {
            errors.Required(field.Child(name));
            return null;
        }

        OneField(found, field.Child(name), errors);
        return found;
    }

    private static void OneField(JsonObject obj, FieldPath field, FieldErrors errors)
    {
        var count = obj.Count(pair => pair.Value is not null);
        if (count == 0)
        {
            errors.Invalid(field, 0, $"{field} in body should have at least 1 properties");
        }
        else if (count > 1)
        {
            errors.TooMany(field, count, 1);
        }
    }

    private static void RequireOneOf(JsonNode? value, FieldPath field, FieldErrors errors, params string[] allowed)
    {
        if (value is null)
        {
            errors.Required(field);
        }

        Rules.RequireOneOf(value, field, errors, allowed);
    }

    private static void Within(JsonObject parent, string name, FieldPath field, long least, long most, FieldErrors errors)
    {
        var path = field.Child(name);
        if (parent.Number(name) is not { } value)
        {
            errors.Required(path);
        }
        else if (value < least)
        {
            errors.Invalid(path, value, $"{path} in body should be greater than or equal to {least}");
        }
        else if (value > most)
        {
            errors.Invalid(path, value, $"{path} in body should be less than or equal to {most}");
        }
    }

    private static void AtMost(JsonArray? list, FieldPath field, FieldErrors errors)
    {
        if (list is { Count: > MostItems })
        {
            errors.TooMany(field, list.Count, MostItems);
        }
    }
}
