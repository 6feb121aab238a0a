using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The values that containers, their probes and hooks take where their documents say none.</summary>
internal static class ContainerDefaults
{
    public static void Apply(JsonObject container, bool hostNetwork)
    {
        container.FillText("imagePullPolicy", PullPolicy(container.Text("image") ?? ""));
        container.FillText("terminationMessagePath", "/dev/termination-log");
        container.FillText("terminationMessagePolicy", "File");
        container.Ensure("resources");
        foreach (var (_, port) in container.List("ports").Items())
        {
            port.FillText("protocol", "TCP");
            if (hostNetwork && port.Number("hostPort") is null or 0 && port.Number("containerPort") is { } number)
            {
                port["hostPort"] = (int)number;
            }
        }

        foreach (var (_, variable) in container.List("env").Items())
        {
            variable.Object("valueFrom", "fieldRef")?.FillText("apiVersion", "v1");
            variable.Object("valueFrom", "resourceFieldRef")?.Fill("divisor", "0");
        }

        foreach (var name in (ReadOnlySpan<string>)["livenessProbe", "readinessProbe", "startupProbe"])
        {
            if (container.Object(name) is { } probe)
            {
                Probe(probe);
            }
        }

        Http(container.Object("lifecycle", "postStart", "httpGet"));
        Http(container.Object("lifecycle", "preStop", "httpGet"));
    }

    /// <summary>Always for the tag latest, given or implied; images with another tag or a digest do not change.</summary>
    internal static string PullPolicy(string image)
    {
        if (image.Contains('@', StringComparison.Ordinal))
        {
            return "IfNotPresent";
        }

        var name = image[(image.LastIndexOf('/') + 1)..];
        var colon = name.LastIndexOf(':');
        return colon < 0 || name[(colon + 1)..] == "latest" ? "Always" : "IfNotPresent";
    }

    private static void Probe(JsonObject probe)
    {
        (string, int)[] values = [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)];
        foreach (var (name, value) in values)
        {
            if (probe.Number(name) is null or 0)
            {
                probe[name] = value;
            }
        }

        Http(probe.Object("httpGet"));
        probe.Object("grpc")?.Fill("service", "");
    }

    private static void Http(JsonObject? request)
    {
        request?.FillText("path", "/");
        request?.FillText("scheme", "HTTP");
    }
}
