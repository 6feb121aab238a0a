using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.ControlPlane.Controllers.Rows;

/// <summary>A named container port, which a Service's targetPort may name.</summary>
internal sealed record NamedPort(string Name, string Protocol, int Port);

/// <summary>One toleration; empty key tolerates every key, empty effect every effect (core/v1 Toleration).</summary>
internal sealed record Toleration(string Key, bool AnyValue, string Value, string Effect)
{
    /// <summary>How long a taint of effect NoExecute is borne; null: for ever.</summary>
    public long? Seconds { get; init; }
}

/// <summary>One term of required node affinity; the terms of a pod are alternatives.</summary>
internal sealed record NodeTerm(ValueArray<NodeRequirement> Labels, ValueArray<NodeRequirement> Fields);

/// <summary>One requirement of a term: operators In, NotIn, Exists, DoesNotExist, Gt, Lt (core/v1 NodeSelectorRequirement).</summary>
internal sealed record NodeRequirement(string Key, string Operator, ValueArray<string> Values);

/// <summary>A Pod, as far as controllers need it.</summary>
internal sealed record PodInfo : IObjectRow
{
    public required RowMeta Meta { get; init; }

    public string NodeName { get; init; } = "";

    public string SchedulerName { get; init; } = "default-scheduler";

    public string Phase { get; init; } = "Pending";

    /// <summary>Since when the pod is Ready; null while it is not.</summary>
    public DateTimeOffset? ReadySince { get; init; }

    /// <summary>Last change of the Ready condition, either way.</summary>
    public DateTimeOffset? ReadyChanged { get; init; }

    /// <summary>The reason that condition Ready gives; empty when it gives none.</summary>
    public string NotReadyReason { get; init; } = "";

    /// <summary>Condition ContainersReady.</summary>
    public bool ContainersReady { get; init; }

    public ValueArray<IpAddr> IPs { get; init; }

    public string Hostname { get; init; } = "";

    public string Subdomain { get; init; } = "";

    public bool HostNetwork { get; init; }

    public ValueArray<NamedPort> NamedPorts { get; init; }

    public ValueArray<(string Protocol, int Port)> HostPorts { get; init; }

    public Labels NodeSelector { get; init; } = Labels.Empty;

    /// <summary>Null: no required affinity. Empty: none can be met.</summary>
    public ValueArray<NodeTerm>? NodeTerms { get; init; }

    public ValueArray<Toleration> Tolerations { get; init; }

    public bool Gated { get; init; }

    public int Restarts { get; init; }

    /// <summary>The message of condition PodScheduled=False; empty when there is none.</summary>
    public string UnschedulableMessage { get; init; } = "";

    public bool IsReady => ReadySince is not null;

    /// <summary>Succeeded or Failed: it will never run again.</summary>
    public bool IsFinished => Phase is "Succeeded" or "Failed";

    public bool IsTerminating => Meta.Deleted is not null;

    /// <summary>Counts as a replica.</summary>
    public bool IsActive => !IsFinished && !IsTerminating;

    /// <summary>Ready for <paramref name="minReadySeconds"/> at <paramref name="now"/>.</summary>
    public bool IsAvailable(int minReadySeconds, DateTimeOffset now) => ReadySince is { } since && since.AddSeconds(minReadySeconds) <= now;

    public static PodInfo Read(JsonObject pod)
    {
        var (spec, status) = (pod.At("spec"), pod.At("status"));
        var ready = Condition(status, "Ready");
        var scheduled = Condition(status, "PodScheduled");
        var schedulerName = spec.Text("schedulerName");
        return new PodInfo
        {
            Meta = RowMeta.From(pod),
            NodeName = spec.Text("nodeName"),
            SchedulerName = schedulerName.Length == 0 ? "default-scheduler" : schedulerName,
            Phase = status.Text("phase"),
            ReadySince = ready.Text("status") == "True" ? ready.Time("lastTransitionTime") ?? DateTimeOffset.UnixEpoch : null,
            ReadyChanged = ready.Time("lastTransitionTime"),
            NotReadyReason = ready.Text("reason"),
            ContainersReady = Condition(status, "ContainersReady").Text("status") == "True",
            IPs = Addresses(status),
            Hostname = spec.Text("hostname"),
            Subdomain = spec.Text("subdomain"),
            HostNetwork = spec.Flag("hostNetwork"),
            NamedPorts = PodPorts(spec).Where(port => port.Text("name").Length > 0)
                .Select(port => new NamedPort(port.Text("name"), Protocol(port), port.Number(0, "containerPort"))).ToValueArray(),
            HostPorts = PodPorts(spec).Where(port => port.Number(0, "hostPort") > 0).Select(port => (Protocol(port), port.Number(0, "hostPort"))).ToValueArray(),
            NodeSelector = spec.Labels("nodeSelector"),
            NodeTerms = Terms(spec.At("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")),
            Tolerations = spec.Objects("tolerations").Select(ReadToleration).ToValueArray(),
            Gated = spec.Objects("schedulingGates").Any(),
            Restarts = status.Objects("containerStatuses").Sum(container => container.Number(0, "restartCount")),
            UnschedulableMessage = scheduled.Text("status") == "False" ? scheduled.Text("message") : "",
        };
    }

    private static JsonObject? Condition(JsonNode? status, string type) =>
        status.Objects("conditions").FirstOrDefault(condition => condition.Text("type") == type);

    private static string Protocol(JsonNode port) => port.Text("protocol") is { Length: > 0 } protocol ? protocol : "TCP";

    /// <summary>Ports of containers, and of init containers that go on running beside them (KEP-753).</summary>
    private static IEnumerable<JsonObject> PodPorts(JsonNode? spec) =>
        spec.Objects("containers").Concat(spec.Objects("initContainers").Where(container => container.Text("restartPolicy") == "Always"))
            .SelectMany(container => container.Objects("ports"));

    private static ValueArray<IpAddr> Addresses(JsonNode? status)
    {
        var texts = status.Objects("podIPs").Select(entry => entry.Text("ip")).DefaultIfEmpty(status.Text("podIP"));
        return texts.Select(text => IpAddr.TryParse(text, out var address) ? address : default).Where(address => !address.IsNone).ToValueArray();
    }

    private static ValueArray<NodeTerm>? Terms(JsonNode? required) => required is null
        ? null
        : required.Objects("nodeSelectorTerms").Select(term => new NodeTerm(Requirements(term, "matchExpressions"), Requirements(term, "matchFields"))).ToValueArray();

    private static ValueArray<NodeRequirement> Requirements(JsonNode term, string field) => term.Objects(field)
        .Select(item => new NodeRequirement(item.Text("key"), item.Text("operator"), item.Texts("values").ToValueArray())).ToValueArray();

    private static Toleration ReadToleration(JsonObject toleration) => new(
        toleration.Text("key"), toleration.Text("operator") == "Exists", toleration.Text("value"), toleration.Text("effect"))
    {
        Seconds = toleration.Number("tolerationSeconds"),
    };
}
