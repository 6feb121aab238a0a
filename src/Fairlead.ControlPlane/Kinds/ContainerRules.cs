using System.Text.Json.Nodes;
using Fairlead.Kube.Schema;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Validation of the containers of a pod.</summary>
internal static class ContainerRules
{
    private static readonly string[] Handlers = ["exec", "grpc", "httpGet", "sleep", "tcpSocket"];

    public static void ValidateAll(JsonObject? spec, FieldPath field, IReadOnlySet<string> volumes, FieldErrors errors)
    {
        if (spec.List("containers") is not { Count: > 0 })
        {
            errors.Required(field.Child("containers"));
        }

        var names = new HashSet<string>();
        var hostPorts = new HashSet<(string?, string?, long)>();
        foreach (var list in (ReadOnlySpan<string>)["containers", "initContainers", "ephemeralContainers"])
        {
            foreach (var (index, container) in spec.List(list).Items())
            {
                var path = field.Child(list).Index(index);
                ValidateName(container, path, names, errors);
                ValidateOne(container, path, volumes, errors);
                ValidatePorts(container, path.Child("ports"), spec.Flag("hostNetwork") == true, hostPorts, errors);
                ValidateRestart(container, list, path, errors);
            }
        }
    }

    private static void ValidateName(JsonObject container, FieldPath field, HashSet<string> names, FieldErrors errors)
    {
        if (Rules.Require(container.At("name"), field.Child("name"), errors) is not { } name)
        {
            return;
        }

        if (Names.DnsLabel(name) is { } fault)
        {
            errors.Invalid(field.Child("name"), name, fault);
        }
        else if (!names.Add(name))
        {
            errors.Duplicate(field.Child("name"), name);
        }
    }

    private static void ValidateOne(JsonObject container, FieldPath field, IReadOnlySet<string> volumes, FieldErrors errors)
    {
        if (Rules.Require(container.At("image"), field.Child("image"), errors) is { } image && image.Trim() != image)
        {
            errors.Invalid(field.Child("image"), image, "must not have leading or trailing whitespace");
        }

        Rules.RequireOneOf(container.At("imagePullPolicy"), field.Child("imagePullPolicy"), errors, "Always", "IfNotPresent", "Never");
        Rules.RequireOneOf(
            container.At("terminationMessagePolicy"), field.Child("terminationMessagePolicy"), errors, "FallbackToLogsOnError", "File");
        ValidateEnvironment(container, field, errors);
        ValidateMounts(container, field.Child("volumeMounts"), volumes, errors);
        ValidateResources(container.Object("resources"), field.Child("resources"), errors);
        SecurityRules.ValidateContainer(container.Object("securityContext"), field.Child("securityContext"), errors);
        foreach (var name in (ReadOnlySpan<string>)["livenessProbe", "readinessProbe", "startupProbe"])
        {
            if (container.Object(name) is { } probe)
            {
                ValidateProbe(probe, field.Child(name), mustBeOne: name != "readinessProbe", errors);
            }
        }

        foreach (var name in (ReadOnlySpan<string>)["postStart", "preStop"])
        {
            if (container.Object("lifecycle", name) is { } handler)
            {
                ValidateHandler(handler, field.Child("lifecycle").Child(name), errors);
            }
        }
    }

    private static void ValidateRestart(JsonObject container, string list, FieldPath field, FieldErrors errors)
    {
        if (container.Text("restartPolicy") is not { } policy)
        {
            return;
        }

        if (list == "ephemeralContainers")
        {
            errors.Forbidden(field.Child("restartPolicy"), "cannot be set for an Ephemeral Container");
        }
        else if (policy is not ("Always" or "Never" or "OnFailure"))
        {
            errors.NotSupported(field.Child("restartPolicy"), policy, "Always", "Never", "OnFailure");
        }
    }

    private static void ValidatePorts(JsonObject container, FieldPath field, bool hostNetwork, HashSet<(string?, string?, long)> hostPorts, FieldErrors errors)
    {
        var names = new HashSet<string>();
        foreach (var (index, port) in container.List("ports").Items())
        {
            var path = field.Index(index);
            if (port.Text("name") is { Length: > 0 } name)
            {
                Rules.CheckName(name, path.Child("name"), Names.PortName, errors);
                if (!names.Add(name))
                {
                    errors.Duplicate(path.Child("name"), name);
                }
            }

            var number = port.Number("containerPort") ?? 0;
            if (number == 0)
            {
                errors.Required(path.Child("containerPort"));
            }
            else if (Names.Port(number) is { } fault)
            {
                errors.Invalid(path.Child("containerPort"), number, fault);
            }

            Rules.RequireOneOf(port.At("protocol"), path.Child("protocol"), errors, "SCTP", "TCP", "UDP");
            ValidateHostPort(port, path.Child("hostPort"), hostNetwork, hostPorts, errors);
        }
    }

    private static void ValidateHostPort(JsonObject port, FieldPath field, bool hostNetwork, HashSet<(string?, string?, long)> hostPorts, FieldErrors errors)
    {
        if (port.Number("hostPort") is not { } number || number == 0)
        {
            return;
        }

        if (Names.Port(number) is { } fault)
        {
            errors.Invalid(field, number, fault);
        }
        else if (hostNetwork && number != port.Number("containerPort"))
        {
            errors.Invalid(field, number, "must match `containerPort` when `hostNetwork` is true");
        }
        else if (!hostPorts.Add((port.Text("protocol"), port.Text("hostIP"), number)))
        {
            errors.Duplicate(field, $"{port.Text("protocol")}/{port.Text("hostIP")}/{number}");
        }
    }

    private static void ValidateEnvironment(JsonObject container, FieldPath field, FieldErrors errors)
    {
        foreach (var (index, variable) in container.List("env").Items())
        {
            var path = field.Child("env").Index(index);
            if (Rules.Require(variable.At("name"), path.Child("name"), errors) is { } name)
            {
                Rules.CheckName(name, path.Child("name"), Names.EnvName, errors);
            }

            if (variable.Object("valueFrom") is not { } source)
            {
                continue;
            }

            if (source.Count != 1)
            {
                errors.Invalid(
                    path.Child("valueFrom"), source,
                    source.Count == 0 ? "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
                        : "may not have more than one field specified at a time");
            }
            else if (!string.IsNullOrEmpty(variable.Text("value")))
            {
                errors.Invalid(path.Child("valueFrom"), "", "may not be specified when `value` is not empty");
            }
            else if (source.Object("fieldRef") is { } reference)
            {
                PodFieldRules.Validate(reference, path.Child("valueFrom").Child("fieldRef"), PodFieldRules.Variables, errors);
            }
        }

        foreach (var (index, source) in container.List("envFrom").Items())
        {
            if (source.Has("configMapRef") == source.Has("secretRef"))
            {
                errors.Invalid(
                    field.Child("envFrom").Index(index), "",
                    source.Has("secretRef") ? "may not have more than one field specified at a time" : "must specify one of: `configMapRef` or `secretRef`");
            }
        }
    }

    private static void ValidateMounts(JsonObject container, FieldPath field, IReadOnlySet<string> volumes, FieldErrors errors)
    {
        var paths = new HashSet<string>();
        foreach (var (index, mount) in container.List("volumeMounts").Items())
        {
            var place = field.Index(index);
            if (Rules.Require(mount.At("name"), place.Child("name"), errors) is { } name && !volumes.Contains(name))
            {
                errors.Add(new(FieldErrorType.NotFound, place.Child("name").Text, name, ""));
            }

            if (Rules.Require(mount.At("mountPath"), place.Child("mountPath"), errors) is { } path && !paths.Add(path))
            {
                errors.Invalid(place.Child("mountPath"), path, "must be unique");
            }

            if (mount.Text("subPath") is { Length: > 0 } subPath && (subPath.StartsWith('/') || subPath.Split('/').Contains("..")))
            {
                errors.Invalid(place.Child("subPath"), subPath, subPath.StartsWith('/') ? "must be a relative path" : "must not contain '..'");
            }

            Rules.RequireOneOf(mount.At("mountPropagation"), place.Child("mountPropagation"), errors, "Bidirectional", "HostToContainer", "None");
            if (mount.Text("mountPropagation") == "Bidirectional" && container.Flag("securityContext", "privileged") != true)
            {
                errors.Forbidden(place.Child("mountPropagation"), "Bidirectional mount propagation is available only to privileged containers");
            }
        }
    }

    private static void ValidateResources(JsonObject? resources, FieldPath field, FieldErrors errors)
    {
        foreach (var list in (ReadOnlySpan<string>)["limits", "requests"])
        {
            foreach (var (name, text) in resources.Object(list).Pairs())
            {
                if (Quantity.TryParse(text, out var quantity) && quantity.Sign < 0)
                {
                    errors.Invalid(field.Child(list).Key(name), text, "must be greater than or equal to 0");
                }
            }
        }

        foreach (var (name, text) in resources.Object("requests").Pairs())
        {
            if (Quantity.TryParse(resources.Text("limits", name), out var limit) && Quantity.TryParse(text, out var request) && request > limit)
            {
                errors.Invalid(field.Child("requests"), text, $"must be less than or equal to {name} limit of {limit}");
            }
        }
    }

    private static void ValidateProbe(JsonObject probe, FieldPath field, bool mustBeOne, FieldErrors errors)
    {
        ValidateHandler(probe, field, errors);
        foreach (var name in (ReadOnlySpan<string>)["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"])
        {
            Rules.RequireNonNegative(probe.Number(name), field.Child(name), errors);
        }

        if (mustBeOne && probe.Number("successThreshold") is { } threshold and not 1)
        {
            errors.Invalid(field.Child("successThreshold"), threshold, "must be 1");
        }
    }

    private static void ValidateHandler(JsonObject handler, FieldPath field, FieldErrors errors)
    {
        var found = Handlers.Where(handler.Has).ToArray();
        if (found.Length == 0)
        {
            errors.Required(field, "must specify a handler type");
            return;
        }

        foreach (var extra in found.Skip(1))
        {
            errors.Forbidden(field.Child(extra), "may not specify more than 1 handler type");
        }

        foreach (var name in (ReadOnlySpan<string>)["httpGet", "tcpSocket", "grpc"])
        {
            if (handler.Object(name) is { } action)
            {
                ServicePortRules.Target(action.At("port"), field.Child(name).Child("port"), errors);
            }
        }

        if (handler.Object("exec") is { } exec && exec.List("command") is not { Count: > 0 })
        {
            errors.Required(field.Child("exec").Child("command"));
        }

        Rules.RequireOneOf(handler.At("httpGet", "scheme"), field.Child("httpGet").Child("scheme"), errors, "HTTP", "HTTPS");
    }
}
