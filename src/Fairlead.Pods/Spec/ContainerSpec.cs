using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;

namespace Fairlead.Pods.Spec;

/// <summary>A declared port.</summary>
internal sealed record ContainerPort(string Name, int Port, string Protocol, int HostPort, string HostIP);

/// <summary>A read-only view of one container of a Pod.</summary>
internal sealed class ContainerSpec(JsonObject document, JsonObject? podSecurity)
{
    internal JsonObject Document { get; } = document;

    internal string Name { get; } = document.Text("name");

    internal string Image { get; } = document.Text("image");

    internal IReadOnlyList<string> Command { get; } = document.Texts("command");

    internal IReadOnlyList<string> Arguments { get; } = document.Texts("args");

    internal string WorkingDirectory { get; } = document.Text("workingDir");

    internal bool Stdin { get; } = document.Flag("stdin");

    internal bool StdinOnce { get; } = document.Flag("stdinOnce");

    internal bool Tty { get; } = document.Flag("tty");

    internal bool ReadOnlyRoot => Document.Object("securityContext").Flag("readOnlyRootFilesystem");

    internal bool Privileged => Document.Object("securityContext").Flag("privileged");

    internal uint User => (uint)(Document.Object("securityContext").Number("runAsUser") ?? podSecurity.Number(0, "runAsUser"));

    internal uint Group => (uint)(Document.Object("securityContext").Number("runAsGroup") ?? podSecurity.Number(0, "runAsGroup"));

    /// <summary>Whether a user is named, be it root.</summary>
    internal bool NamesUser => (Document.Object("securityContext")?["runAsUser"] ?? podSecurity?["runAsUser"]) is not null;

    internal bool RunAsNonRoot =>
        Document.Object("securityContext")?["runAsNonRoot"] is null ? podSecurity.Flag("runAsNonRoot") : Document.Object("securityContext").Flag("runAsNonRoot");

    /// <summary>Whether, as an init container, it stays beside the others.</summary>
    internal bool RestartsAlways => Document.Text("restartPolicy") == "Always";

    /// <summary>Bytes; 0 for no limit.</summary>
    internal long MemoryLimit => Document.Object("resources").Object("limits")?["memory"] is JsonValue limit ? MemoryQuantity.Bytes(limit.ToString()) : 0;

    internal IReadOnlyList<ContainerPort> Ports =>
    [
        .. Document.Objects("ports").Select(port => new ContainerPort(
            port.Text("name"), port.Number(0, "containerPort"), port.TextOr("TCP", "protocol"), port.Number(0, "hostPort"), port.Text("hostIP"))),
    ];

    internal IEnumerable<JsonObject> Mounts => Document.Objects("volumeMounts");

    /// <summary>Resolves a port given by number or by name; 0 when there is none.</summary>
    internal int Port(JsonNode? port) =>
        port is not JsonValue value ? 0
        : value.TryGetValue(out int number) ? number
        : value.TryGetValue(out string? name) ? Ports.FirstOrDefault(candidate => candidate.Name == name)?.Port ?? 0 : 0;
}
