namespace Fairlead.OneMachine;

/// <summary>
/// Where a cluster keeps things: state under /var/lib/fairlead/NAME, what a reboot may take under /run/fairlead/NAME.
/// Directories are made with mode 0700.
/// </summary>
internal sealed class ClusterPaths(string name)
{
    /// <summary>What outlives a reboot: store, certificates, specification, logs.</summary>
    public string State { get; } = Path.Combine(StateHome, name);

    /// <summary>What does not: sockets, process records, sandboxes.</summary>
    public string Run { get; } = Path.Combine(RunHome, name);

    /// <summary>The specification.</summary>
    public string Spec => Path.Combine(State, "cluster.json");

    /// <summary>Which processes run it, and what `up` found on the host.</summary>
    public string Runtime => Path.Combine(Run, "runtime.json");

    /// <summary>Held by whoever starts or stops the cluster.</summary>
    public string Lock => Path.Combine(Run, "lock");

    /// <summary>The pods role's socket.</summary>
    public string PodsSocket => Path.Combine(Run, "pods.sock");

    /// <summary>Credentials of the control plane's own clients.</summary>
    public string Credentials => Path.Combine(State, "credentials");

    /// <summary>The administrator's kubeconfig.</summary>
    public string AdminKubeconfig => Path.Combine(Credentials, "admin.kubeconfig");

    /// <summary>Log files, one per process.</summary>
    public string Logs => Path.Combine(State, "logs");

    /// <summary>Where every cluster's state is.</summary>
    public static string StateHome => "/var/lib/fairlead";

    /// <summary>Where every cluster's run directory is.</summary>
    public static string RunHome => "/run/fairlead";

    /// <summary>A node's directory for CNI, address management and sockets.</summary>
    public string Node(string node) => Path.Combine(State, "nodes", node);

    /// <summary>The socket of a node's agent.</summary>
    public string AgentSocket(string node) => Path.Combine(Run, $"{node}.sock");

    /// <summary>The socket on which a node's agent is inspected.</summary>
    public string InspectSocket(string node) => Path.Combine(Run, $"{node}.inspect.sock");

    /// <summary>What the pods role keeps of a running pod: its network namespace is <c>net</c> in there, its files are under <c>files</c>.</summary>
    public string Sandbox(string ns, string pod, string uid) => Path.Combine(Run, "pods", $"{ns}_{pod}_{uid}");

    /// <summary>A role's kubeconfig.</summary>
    public string Kubeconfig(string role) => Path.Combine(Credentials, $"{role}.kubeconfig");

    /// <summary>A process's log.</summary>
    public string Log(string process) => Path.Combine(Logs, $"{process}.log");

    /// <summary>Makes the directories that always exist.</summary>
    public void Create()
    {
        foreach (var directory in new[] { State, Run, Credentials, Logs })
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
