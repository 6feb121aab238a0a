using System.Net;
using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Validation of an Ingress (features.md §5.1).</summary>
internal static class IngressRules
{
    private static readonly string[] BadSequences = ["//", "/./", "/../", "%2f", "%2F"];
    private static readonly string[] BadEndings = ["/..", "/."];

    public static void Validate(JsonObject obj, JsonObject? old, FieldErrors errors)
    {
        var spec = obj.Object("spec");
        if (spec.List("rules") is not { Count: > 0 } && !spec.Has("defaultBackend"))
        {
            errors.Invalid(FieldPath.Spec, spec ?? [], "either `defaultBackend` or `rules` must be specified");
        }

        if (spec.Object("defaultBackend") is { } backend)
        {
            ValidateBackend(backend, FieldPath.Spec.Child("defaultBackend"), errors);
        }

        Rules.CheckName(spec.At("ingressClassName"), FieldPath.Spec.Child("ingressClassName"), name => Names.DnsSubdomain(name), errors);
        if (old is null && spec.Has("ingressClassName") && obj.Text("metadata", "annotations", "kubernetes.io/ingress.class") is { } annotation)
        {
            var field = FieldPath.Metadata.Child("annotations").Child("kubernetes.io/ingress.class");
            errors.Invalid(field, annotation, "can not be set when the class field is also set");
        }

        foreach (var (index, rule) in spec.List("rules").Items())
        {
            ValidateRule(rule, FieldPath.Spec.Child("rules").Index(index), errors);
        }

        foreach (var (index, tls) in spec.List("tls").Items())
        {
            foreach (var (host, number) in tls.List("hosts").Texts().Select((host, number) => (host, number)))
            {
                ValidateHost(host, FieldPath.Spec.Child("tls").Index(index).Child("hosts").Index(number), errors);
            }
        }
    }

    private static void ValidateRule(JsonObject rule, FieldPath field, FieldErrors errors)
    {
        if (rule.Text("host") is { Length: > 0 } host)
        {
            ValidateHost(host, field.Child("host"), errors);
        }

        if (rule.Object("http") is not { } http)
        {
            return;
        }

        var paths = field.Child("http").Child("paths");
        if (http.List("paths") is not { Count: > 0 })
        {
            errors.Required(paths);
        }

        foreach (var (index, path) in http.List("paths").Items())
        {
            ValidatePath(path, paths.Index(index), errors);
        }
    }

    private static void ValidateHost(string host, FieldPath field, FieldErrors errors)
    {
        if (IPAddress.TryParse(host, out _))
        {
            errors.Invalid(field, host, "must be a DNS name, not an IP address");
        }
        else if ((host.Contains('*', StringComparison.Ordinal) ? Names.WildcardSubdomain(host) : Names.DnsSubdomain(host)) is { } fault)
        {
            errors.Invalid(field, host, fault);
        }
    }

    private static void ValidatePath(JsonObject item, FieldPath field, FieldErrors errors)
    {
        var path = item.Text("path") ?? "";
        var place = field.Child("path");
        switch (item.Text("pathType"))
        {
            case null or "":
                errors.Required(field.Child("pathType"), "pathType must be specified");
                break;
            case "Exact" or "Prefix":
                ValidateAbsolute(path, place, errors);
                break;
            case "ImplementationSpecific":
                if (path.Length > 0 && path[0] != '/')
                {
                    errors.Invalid(place, path, "must be an absolute path");
                }

                break;
            case { } other:
                errors.NotSupported(field.Child("pathType"), other, "Exact", "ImplementationSpecific", "Prefix");
                break;
        }

        if (item.Object("backend") is { } backend)
        {
            ValidateBackend(backend, field.Child("backend"), errors);
        }
        else
        {
            errors.Required(field.Child("backend"));
        }
    }

    private static void ValidateAbsolute(string path, FieldPath field, FieldErrors errors)
    {
        if (!path.StartsWith('/'))
        {
            errors.Invalid(field, path, "must be an absolute path");
            return;
        }

        foreach (var sequence in BadSequences.Where(sequence => path.Contains(sequence, StringComparison.Ordinal)))
        {
            errors.Invalid(field, path, $"must not contain '{sequence}'");
        }

        foreach (var ending in BadEndings.Where(ending => path.EndsWith(ending, StringComparison.Ordinal)))
        {
            errors.Invalid(field, path, $"cannot end with '{ending}'");
        }
    }

    private static void ValidateBackend(JsonObject backend, FieldPath field, FieldErrors errors)
    {
        if (backend.Has("service") == backend.Has("resource"))
        {
            if (backend.Has("service"))
            {
                errors.Invalid(field, "", "cannot set both resource and service backends");
            }
            else
            {
                errors.Required(field, "resource or service backend is required");
            }

            return;
        }

        if (backend.Object("service") is not { } service)
        {
            return;
        }

        if (Rules.Require(service.At("name"), field.Child("service").Child("name"), errors) is { } name)
        {
            Rules.CheckName(name, field.Child("service").Child("name"), text => Names.DnsLabel(text), errors);
        }

        ValidatePort(service.Object("port"), field.Child("service").Child("port"), errors);
    }

    private static void ValidatePort(JsonObject? port, FieldPath field, FieldErrors errors)
    {
        var (name, number) = (port.Text("name") ?? "", port.Number("number") ?? 0);
        if (name.Length > 0 && number != 0)
        {
            errors.Invalid(field, port, "cannot set both port name & port number");
        }
        else if (name.Length > 0)
        {
            Rules.CheckName(name, field.Child("name"), Names.PortName, errors);
        }
        else if (number == 0)
        {
            errors.Required(field, "port name or number is required");
        }
        else if (Names.Port(number) is { } fault)
        {
            errors.Invalid(field.Child("number"), number, fault);
        }
    }
}
