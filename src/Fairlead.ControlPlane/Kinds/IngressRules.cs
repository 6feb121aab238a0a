using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Validation of an Ingress (features.md §5.1), in upstream's words and order (pkg/apis/networking/validation of Kubernetes 1.36).</summary>
internal static class IngressRules
{
    private static readonly string[] BadSequences = ["//", "/./", "/../", "%2f", "%2F"];
    private static readonly string[] BadEndings = ["/..", "/."];

    /// <summary>Checks the specification; of an update, with what <paramref name="old"/> was let in with.</summary>
    public static void Validate(JsonObject obj, JsonObject? old, FieldErrors errors)
    {
        var spec = obj.Object("spec");
        if (spec.List("rules") is not { Count: > 0 } && !spec.Has("defaultBackend"))
        {
            errors.Invalid(FieldPath.Spec, spec.At("rules"), "either `defaultBackend` or `rules` must be specified");
        }

        if (spec.Object("defaultBackend") is { } backend)
        {
            ValidateBackend(backend, FieldPath.Spec.Child("defaultBackend"), errors);
        }

        foreach (var (index, rule) in spec.List("rules").Items())
        {
            ValidateRule(rule, FieldPath.Spec.Child("rules").Index(index), errors);
        }

        ValidateTls(spec, old.Object("spec"), errors);
        ValidateClass(obj, isNew: old is null, errors);
    }

    /// <summary>Checks a reference to an object of any kind in the same place (core/v1 TypedLocalObjectReference).</summary>
    public static void ValidateReference(JsonObject reference, FieldPath field, FieldErrors errors)
    {
        if (reference.Text("apiGroup") is { } group && Names.DnsSubdomain(group) is { } fault)
        {
            errors.Invalid(field.Child("apiGroup"), group, fault);
        }

        foreach (var name in (string[])["kind", "name"])
        {
            Rules.CheckName(Rules.Require(reference.At(name), field.Child(name), errors), field.Child(name), Names.PathSegment, errors);
        }
    }

    private static void ValidateTls(JsonObject? spec, JsonObject? old, FieldErrors errors)
    {
        // Before names of Secrets were checked there may have been others: whoever has one may keep it.
        var checksNames = !old.List("tls").Items().Any(pair => NameFault(pair.Item) is not null);
        foreach (var (index, tls) in spec.List("tls").Items())
        {
            var field = FieldPath.Spec.Child("tls").Index(index);
            foreach (var (host, number) in tls.List("hosts").Texts().Select((host, number) => (host, number)))
            {
                ValidateHost(host, field.Child("hosts").Index(number), errors);
            }

            if (checksNames && NameFault(tls) is { } fault)
            {
                errors.Invalid(field.Child("secretName"), tls.At("secretName"), fault);
            }
        }
    }

    private static string? NameFault(JsonObject tls) => tls.Text("secretName") is { Length: > 0 } name ? Names.DnsSubdomain(name) : null;

    private static void ValidateClass(JsonObject obj, bool isNew, FieldErrors errors)
    {
        if (obj.Text("spec", "ingressClassName") is not { } name)
        {
            return;
        }

        if (Names.DnsSubdomain(name) is { } fault)
        {
            errors.Invalid(FieldPath.Spec.Child("ingressClassName"), name, fault);
        }

        if (isNew && obj.Text("metadata", "annotations", IngressRow.ClassAnnotation) is { } annotation && annotation != name)
        {
            var field = new FieldPath("annotations").Child(IngressRow.ClassAnnotation);
            errors.Invalid(field, annotation, "must match `ingressClassName` when both are specified");
        }
    }

    private static void ValidateRule(JsonObject rule, FieldPath field, FieldErrors errors)
    {
        if (rule.Text("host") is { Length: > 0 } host)
        {
            if (AddressRules.IsAddress(host))
            {
                errors.Invalid(field.Child("host"), host, AddressRules.NoAddress);
            }

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
        if ((host.Contains('*', StringComparison.Ordinal) ? Names.WildcardSubdomain(host) : Names.DnsSubdomain(host)) is { } fault)
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
            case null:
                errors.Required(field.Child("pathType"), "pathType must be specified");
                return;
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

        ValidateBackend(item.Object("backend"), field.Child("backend"), errors);
    }

    private static void ValidateAbsolute(string path, FieldPath field, FieldErrors errors)
    {
        if (!path.StartsWith('/'))
        {
            errors.Invalid(field, path, "must be an absolute path");
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

    private static void ValidateBackend(JsonObject? backend, FieldPath field, FieldErrors errors)
    {
        switch (backend.Object("resource"), backend.Object("service"))
        {
            case ({ }, { }):
                errors.Invalid(field, "", "cannot set both resource and service backends");
                break;
            case ({ } resource, null):
                ValidateReference(resource, field.Child("resource"), errors);
                break;
            case (null, { } service):
                var name = field.Child("service").Child("name");
                Rules.CheckName(Rules.Require(service.At("name"), name, errors), name, text => Names.DnsLabel(text), errors);
                ValidatePort(service.Object("port"), field, errors);
                break;
            default:
                errors.Invalid(field, "", "resource or service backend is required");
                break;
        }
    }

    /// <param name="port">The port, by name or number.</param>
    /// <param name="backend">The field of the backend, which is at fault when both or neither are given.</param>
    /// <param name="errors">Where faults go.</param>
    private static void ValidatePort(JsonObject? port, FieldPath backend, FieldErrors errors)
    {
        var field = backend.Child("service").Child("port");
        var (name, number) = (port.Text("name") ?? "", port.Number("number") ?? 0);
        if (name.Length > 0 && number != 0)
        {
            errors.Invalid(backend, "", "cannot set both port name & port number");
        }
        else if (name.Length > 0)
        {
            Rules.CheckName(name, field.Child("name"), Names.PortName, errors);
        }
        else if (number == 0)
        {
            errors.Required(backend, "port name or number is required");
        }
        else if (Names.Port(number) is { } fault)
        {
            errors.Invalid(field.Child("number"), number, fault);
        }
    }
}
