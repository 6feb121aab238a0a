using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Validation of a Service's ports (features.md §1.1, rows 3, 4, 6).</summary>
internal static class ServicePortRules
{
    private static readonly FieldPath Ports = FieldPath.Spec.Child("ports");

    public static void Validate(JsonObject service, FieldErrors errors)
    {
        var ports = service.List("spec", "ports").Items().ToArray();
        if (ports.Length == 0 && !ServiceTraits.IsHeadless(service) && !ServiceTraits.IsExternalName(service))
        {
            errors.Required(Ports);
        }

        var names = new HashSet<string>();
        var used = new HashSet<(string?, long?)>();
        var nodePorts = new HashSet<(string?, long)>();
        foreach (var (index, port) in ports)
        {
            var field = Ports.Index(index);
            ValidateName(port, field, ports.Length > 1, names, errors);
            ValidatePort(port, field, errors);
            if (!used.Add((port.Text("protocol"), port.Number("port"))))
            {
                errors.Duplicate(field, new JsonObject { ["protocol"] = port.Text("protocol"), ["port"] = port.Number("port") });
            }

            ValidateNodePort(service, port, field.Child("nodePort"), nodePorts, errors);
        }
    }

    /// <summary>The number or name of a port of a pod.</summary>
    public static void Target(JsonNode? value, FieldPath field, FieldErrors errors)
    {
        var fault = value.AsText() is { } name ? Names.PortName(name) : Names.Port(value.AsNumber() ?? 0);
        if (fault is not null)
        {
            errors.Invalid(field, value, fault);
        }
    }

    private static void ValidateName(JsonObject port, FieldPath field, bool required, HashSet<string> names, FieldErrors errors)
    {
        var name = port.Text("name") ?? "";
        if (name.Length == 0)
        {
            if (required)
            {
                errors.Required(field.Child("name"));
            }
        }
        else if (Names.DnsLabel(name) is { } fault)
        {
            errors.Invalid(field.Child("name"), name, fault);
        }
        else if (!names.Add(name))
        {
            errors.Duplicate(field.Child("name"), name);
        }
    }

    private static void ValidatePort(JsonObject port, FieldPath field, FieldErrors errors)
    {
        if (Names.Port(port.Number("port") ?? 0) is { } fault)
        {
            errors.Invalid(field.Child("port"), port.Number("port") ?? 0, fault);
        }

        if (port.Text("protocol") is not ("TCP" or "UDP" or "SCTP"))
        {
            errors.NotSupported(field.Child("protocol"), port.Text("protocol") ?? "", "SCTP", "TCP", "UDP");
        }

        // A targetPort that was left out follows the port: saying the same thing twice helps nobody.
        if (!Doc.Same(port.At("targetPort"), port.At("port")))
        {
            Target(port.At("targetPort"), field.Child("targetPort"), errors);
        }

        if (port.Text("appProtocol") is { } application && Names.QualifiedName(application) is { } applicationFault)
        {
            errors.Invalid(field.Child("appProtocol"), application, applicationFault);
        }
    }

    private static void ValidateNodePort(
        JsonObject service, JsonObject port, FieldPath field, HashSet<(string? Protocol, long Port)> used, FieldErrors errors)
    {
        if (port.Number("nodePort") is not { } number || number == 0)
        {
            return;
        }

        if (ServiceTraits.TypeOf(service) == "ClusterIP")
        {
            errors.Forbidden(field, "may not be used when `type` is 'ClusterIP'");
        }
        else if (!used.Add((port.Text("protocol"), number)))
        {
            errors.Duplicate(field, number);
        }
    }
}
