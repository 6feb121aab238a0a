namespace Fairlead.ClusterTests.OneMachine;

/// <summary>A cluster with a pod that runs a shell and one that is a stand-in.</summary>
public sealed class StreamingFixture : ClusterFixture
{
    private const string Pods = """
        apiVersion: v1
        kind: Pod
        metadata: {name: shell}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - {name: main, image: busybox, command: [sh, -c, "echo first; echo second; echo oops >&2; while :; do sleep 1; done"]}
          - {name: side, image: busybox, command: [sh, -c, "echo aside; sleep 86400"]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec:
          containers:
          - {name: main, image: nginx, ports: [{containerPort: 80}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: api-service}
        spec: {selector: {app: web}, ports: [{port: 80}]}
        """;

    /// <summary>A cluster of the debug build.</summary>
    public StreamingFixture()
        : base(DebugProgram)
    {
    }

    /// <inheritdoc/>
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Kubectl(Pods, ["apply", "-f", "-"]);
        Kubectl("wait", "--for=condition=Ready", "pod/shell", "pod/web", "--timeout=120s");
    }
}
