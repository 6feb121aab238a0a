using Fairlead.Kube.Client;
using Fairlead.Kube.Kubeconfig;
using Fairlead.OneMachine;
using Fairlead.Terminal;

namespace Fairlead.Expectations.Packets;

/// <summary>A cluster that runs: its API, and the one-machine cluster that it is, when it is one of this machine's.</summary>
/// <param name="Client">Its API.</param>
/// <param name="Spec">The one-machine cluster; null for a cluster of others, and for whoever may not read the state of this machine's.</param>
internal sealed record LiveCluster(KubeClient Client, ClusterSpec? Spec) : IDisposable
{
    /// <summary>The one-machine cluster of that name; else the current context of the kubeconfig, the user's own when none is named.</summary>
    /// <exception cref="UserError">There is none; exit code 2.</exception>
    public static LiveCluster Open(string name, string kubeconfig)
    {
        if (name.Length > 0)
        {
            var named = Specs.Load(name) ?? throw new UserError($"there is no cluster {name}", $"`fairlead up --name {name}` starts one", ExitCodes.Usage);
            return new LiveCluster(new KubeClient(Connection(new ClusterPaths(name).AdminKubeconfig)), named);
        }

        var file = kubeconfig.Length > 0 ? kubeconfig : Array.Find(UserKubeconfig.Candidates(), File.Exists)
            ?? throw new UserError("there is no kubeconfig", "--kubeconfig names one, --name a cluster of this machine", ExitCodes.Usage);
        var connection = Connection(file);
        return new LiveCluster(new KubeClient(connection), OneMachine(connection));
    }

    /// <inheritdoc/>
    public void Dispose() => Client.Dispose();

    private static KubeConnection Connection(string file)
    {
        try
        {
            return KubeconfigReader.Read(file);
        }
        catch (Exception e) when (e is IOException or FormatException or UnauthorizedAccessException)
        {
            throw new UserError($"{file}: {e.Message}", "--kubeconfig names another kubeconfig, --name a cluster of this machine", ExitCodes.Usage);
        }
    }

    /// <summary>Each of this machine's clusters has an authority of its own; an address on loopback may be another network's.</summary>
    private static ClusterSpec? OneMachine(KubeConnection connection) => connection.Server.IsLoopback && Environment.IsPrivilegedProcess
        ? Teardown.Names().Where(name => IsOf(name, connection)).Select(Specs.Load).FirstOrDefault(spec => spec is not null)
        : null;

    private static bool IsOf(string name, KubeConnection connection)
    {
        var file = new ClusterPaths(name).AdminKubeconfig;
        return File.Exists(file) && Connection(file).Authorities.Select(authority => authority.Thumbprint).Intersect(connection.Authorities.Select(authority => authority.Thumbprint)).Any();
    }
}
