using System.Text.Json.Nodes;
using Fairlead.Linux.Addresses;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Validation of the specification of a pod or of a template.</summary>
internal static class PodRules
{
    private const int MostNameservers = 3;
    private const int MostSearches = 32;

    public static void ValidateSpec(JsonObject? spec, FieldPath field, FieldErrors errors)
    {
        var volumes = VolumeRules.Validate(spec.List("volumes"), field.Child("volumes"), errors);
        ContainerRules.ValidateAll(spec, field, volumes, errors);
        Rules.RequireOneOf(spec.At("restartPolicy"), field.Child("restartPolicy"), errors, "Always", "Never", "OnFailure");
        Rules.RequireNonNegative(spec.Number("terminationGracePeriodSeconds"), field.Child("terminationGracePeriodSeconds"), errors);
        if (spec.Number("activeDeadlineSeconds") is { } deadline && deadline < 1)
        {
            errors.Invalid(field.Child("activeDeadlineSeconds"), deadline, "must be between 1 and 2147483647, inclusive");
        }

        ValidateNames(spec, field, errors);
        ValidateDns(spec, field, errors);
        ValidateHostAliases(spec, field, errors);
        SecurityRules.ValidatePod(spec.Object("securityContext"), field.Child("securityContext"), errors);
        SchedulingRules.Validate(spec, field, errors);
    }

    private static void ValidateNames(JsonObject? spec, FieldPath field, FieldErrors errors)
    {
        Rules.CheckName(spec.At("hostname"), field.Child("hostname"), name => Names.DnsLabel(name), errors);
        Rules.CheckName(spec.At("subdomain"), field.Child("subdomain"), name => Names.DnsLabel(name), errors);
        Rules.CheckName(spec.At("nodeName"), field.Child("nodeName"), name => Names.DnsSubdomain(name), errors);
        Rules.CheckName(spec.At("serviceAccountName"), field.Child("serviceAccountName"), name => Names.DnsSubdomain(name), errors);
        Rules.CheckName(spec.At("priorityClassName"), field.Child("priorityClassName"), name => Names.DnsSubdomain(name), errors);
        MetadataRules.Labels(spec.Object("nodeSelector"), field.Child("nodeSelector"), errors);
        foreach (var (index, secret) in spec.List("imagePullSecrets").Items())
        {
            if (string.IsNullOrEmpty(secret.Text("name")))
            {
                errors.Required(field.Child("imagePullSecrets").Index(index).Child("name"));
            }
        }

        foreach (var (index, gate) in spec.List("readinessGates").Items())
        {
            Rules.CheckName(gate.At("conditionType"), field.Child("readinessGates").Index(index).Child("conditionType"), Names.QualifiedName, errors);
        }
    }

    private static void ValidateDns(JsonObject? spec, FieldPath field, FieldErrors errors)
    {
        Rules.RequireOneOf(spec.At("dnsPolicy"), field.Child("dnsPolicy"), errors, "ClusterFirst", "ClusterFirstWithHostNet", "Default", "None");
        var config = field.Child("dnsConfig");
        var servers = spec.List("dnsConfig", "nameservers").Texts().ToArray();
        if (spec.Text("dnsPolicy") == "None" && servers.Length == 0)
        {
            errors.Required(config.Child("nameservers"), "must provide at least one DNS nameserver when `dnsPolicy` is None");
        }

        if (servers.Length > MostNameservers)
        {
            errors.Invalid(config.Child("nameservers"), spec.At("dnsConfig", "nameservers"), $"must not have more than {MostNameservers} nameservers");
        }

        for (var index = 0; index < servers.Length; index++)
        {
            AddressRules.Address(servers[index], config.Child("nameservers").Index(index), errors);
        }

        var searches = spec.List("dnsConfig", "searches").Texts().ToArray();
        if (searches.Length > MostSearches)
        {
            errors.Invalid(config.Child("searches"), spec.At("dnsConfig", "searches"), $"must not have more than {MostSearches} search paths");
        }

        for (var index = 0; index < searches.Length; index++)
        {
            var search = searches[index];
            if (search != "." && Names.DnsSubdomain(search.TrimEnd('.').Replace('_', '-')) is { } fault)
            {
                errors.Invalid(config.Child("searches").Index(index), search, fault);
            }
        }

        foreach (var (index, option) in spec.List("dnsConfig", "options").Items())
        {
            if (string.IsNullOrEmpty(option.Text("name")))
            {
                errors.Required(config.Child("options").Index(index), "must not be empty");
            }
        }
    }

    private static void ValidateHostAliases(JsonObject? spec, FieldPath field, FieldErrors errors)
    {
        foreach (var (index, alias) in spec.List("hostAliases").Items())
        {
            var path = field.Child("hostAliases").Index(index);
            if (!IpAddr.TryParse(alias.Text("ip"), out _))
            {
                AddressRules.Address(alias.Text("ip") ?? "", path.Child("ip"), errors);
            }

            foreach (var (name, nameIndex) in alias.List("hostnames").Texts().Select((name, nameIndex) => (name, nameIndex)))
            {
                Rules.CheckName(name, path.Child("hostnames").Index(nameIndex), text => Names.DnsSubdomain(text), errors);
            }
        }
    }
}
