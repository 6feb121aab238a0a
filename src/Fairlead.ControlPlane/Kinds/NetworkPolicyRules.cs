using System.Text.Json.Nodes;
using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Validation of a NetworkPolicy (features.md §3.1).</summary>
internal static class NetworkPolicyRules
{
    public static void Validate(JsonObject? spec, JsonObject? old, FieldErrors errors)
    {
        var stored = Blocks(old).ToArray();
        SelectorRules.Validate(spec.Object("podSelector"), FieldPath.Spec.Child("podSelector"), errors);
        foreach (var (direction, peers) in (ReadOnlySpan<(string, string)>)[("ingress", "from"), ("egress", "to")])
        {
            foreach (var (index, rule) in spec.List(direction).Items())
            {
                ValidateRule(rule, peers, FieldPath.Spec.Child(direction).Index(index), stored, errors);
            }
        }

        ValidateTypes(spec, errors);
    }

    private static void ValidateTypes(JsonObject? spec, FieldErrors errors)
    {
        var field = FieldPath.Spec.Child("policyTypes");
        if (spec.List("policyTypes") is { Count: > 2 } types)
        {
            errors.Invalid(field, types, "may not specify more than two policyTypes");
            return;
        }

        foreach (var (type, index) in spec.List("policyTypes").Texts().Select((type, index) => (type, index)))
        {
            Rules.RequireOneOf(type, field.Index(index), errors, "Egress", "Ingress");
        }
    }

    private static void ValidateRule(JsonObject rule, string peers, FieldPath field, JsonObject[] stored, FieldErrors errors)
    {
        foreach (var (index, port) in rule.List("ports").Items())
        {
            ValidatePort(port, field.Child("ports").Index(index), errors);
        }

        foreach (var (index, peer) in rule.List(peers).Items())
        {
            ValidatePeer(peer, field.Child(peers).Index(index), stored, errors);
        }
    }

    private static void ValidatePort(JsonObject port, FieldPath field, FieldErrors errors)
    {
        Rules.RequireOneOf(port.At("protocol"), field.Child("protocol"), errors, "SCTP", "TCP", "UDP");
        if (port.At("port") is { } value)
        {
            ServicePortRules.Target(value, field.Child("port"), errors);
        }

        if (port.Number("endPort") is not { } end)
        {
            return;
        }

        var path = field.Child("endPort");
        if (port.At("port") is null)
        {
            errors.Invalid(path, end, "may not be specified when `port` is not specified");
        }
        else if (port.Number("port") is not { } start)
        {
            errors.Invalid(path, end, "may not be specified when `port` is non-numeric");
        }
        else if (end < start)
        {
            errors.Invalid(path, end, "must be greater than or equal to `port`");
        }
        else if (Names.Port(end) is { } fault)
        {
            errors.Invalid(path, end, fault);
        }
    }

    private static void ValidatePeer(JsonObject peer, FieldPath field, JsonObject[] stored, FieldErrors errors)
    {
        if (!peer.Has("podSelector") && !peer.Has("namespaceSelector") && !peer.Has("ipBlock"))
        {
            errors.Required(field, "must specify a peer");
            return;
        }

        SelectorRules.Validate(peer.Object("podSelector"), field.Child("podSelector"), errors);
        SelectorRules.Validate(peer.Object("namespaceSelector"), field.Child("namespaceSelector"), errors);
        if (peer.Object("ipBlock") is { } block)
        {
            // A block that is stored already is not judged again, by whatever rules it came in (KEP-4858).
            if (!stored.Any(known => Doc.Same(known, block)))
            {
                ValidateBlock(block, field.Child("ipBlock"), errors);
            }

            if (peer.Has("podSelector") || peer.Has("namespaceSelector"))
            {
                errors.Forbidden(field, "may not specify both ipBlock and another peer");
            }
        }
    }

    private static IEnumerable<JsonObject> Blocks(JsonObject? spec) => spec.List("ingress").Items().SelectMany(rule => rule.Item.List("from").Items())
        .Concat(spec.List("egress").Items().SelectMany(rule => rule.Item.List("to").Items())).Select(peer => peer.Item.Object("ipBlock")).OfType<JsonObject>();

    private static void ValidateBlock(JsonObject block, FieldPath field, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(block.Text("cidr")))
        {
            errors.Required(field.Child("cidr"));
            return;
        }

        var cidr = block.Text("cidr")!;
        if (!AddressRules.Range(cidr, field.Child("cidr"), errors))
        {
            return;
        }

        var whole = IpNet.Parse(cidr);
        foreach (var (text, index) in block.List("except").Texts().Select((text, index) => (text, index)))
        {
            var path = field.Child("except").Index(index);
            if (AddressRules.Range(text, path, errors) && IpNet.Parse(text) is var part && (!whole.Contains(part) || part.Prefix <= whole.Prefix))
            {
                errors.Invalid(path, text, "must be a strict subset of `cidr`");
            }
        }
    }
}
