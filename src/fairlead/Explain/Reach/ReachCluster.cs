using Fairlead.Cluster;
using Fairlead.Cluster.Reflectors;
using Fairlead.Kube.Client;
using Fairlead.Kube.Kubeconfig;
using Fairlead.OneMachine;
using Fairlead.Terminal;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Explain.Reach;

/// <summary>A cluster that is asked: its API, and the one-machine cluster that it is, when it is one of this machine's.</summary>
internal sealed class ReachCluster : IDisposable
{
    private readonly KubeClient _api;

    private ReachCluster(KubeClient api, ClusterSpec? spec)
    {
        _api = api;
        Spec = spec;
    }

    /// <summary>Its API.</summary>
    public IKubeApi Api => _api;

    /// <summary>The one-machine cluster; null when it is none of this machine's.</summary>
    public ClusterSpec? Spec { get; }

    /// <summary>
    /// The one-machine cluster of that name; else the current context of a kubeconfig, the user's own when none is named; else, where there is no kubeconfig, the
    /// cluster that <c>up</c> starts when it is given no name.
    /// </summary>
    /// <exception cref="UserError">There is none, or the kubeconfig is none.</exception>
    public static ReachCluster Open(string name, string kubeconfig)
    {
        var file = kubeconfig.Length > 0 ? kubeconfig : Array.Find(UserKubeconfig.Candidates(), File.Exists) ?? "";
        if (name.Length > 0 || file.Length == 0)
        {
            var spec = Specs.Load(name.Length > 0 ? name : ClusterSpec.DefaultName)
                ?? throw new UserError(name.Length > 0 ? $"there is no cluster {name}" : "there is no kubeconfig and no cluster", $"`fairlead up{(name.Length > 0 ? $" --name {name}" : "")}` starts one; --kubeconfig names the file of another");
            return new ReachCluster(new KubeClient(Connection(new ClusterPaths(spec.Name).AdminKubeconfig)), spec);
        }

        var connection = Connection(file);
        return new ReachCluster(new KubeClient(connection), OneMachine(connection));
    }

    /// <summary>Every object that a connection depends on, listed once.</summary>
    /// <exception cref="UserError">The API server refuses or does not answer.</exception>
    public async Task<ClusterTables> ReadAsync(CancellationToken cancellationToken)
    {
        var tables = new ClusterTables();
        try
        {
            await new ClusterReflectors(Api, tables, TimeProvider.System, NullLogger.Instance).ListAsync(cancellationToken);
            return tables;
        }
        catch (Exception e) when (e is KubeException or HttpRequestException)
        {
            throw new UserError($"the cluster cannot be read: {e.Message}", Spec is null ? "`kubectl get --raw /readyz` shows whether the context's cluster answers" : "`fairlead status` shows what runs");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _api.Dispose();

    private static KubeConnection Connection(string file)
    {
        try
        {
            return KubeconfigReader.Read(file);
        }
        catch (Exception e) when (e is IOException or FormatException or UnauthorizedAccessException)
        {
            throw new UserError($"{file}: {e.Message}", "name a kubeconfig with --kubeconfig, or a cluster of this machine with --name");
        }
    }

    /// <summary>
    /// Which of this machine's clusters answers there: the one that has the port and the authority, as clusters in other network namespaces may have the same
    /// port. Whoever may not read their state sees none.
    /// </summary>
    private static ClusterSpec? OneMachine(KubeConnection connection)
    {
        if (!connection.Server.IsLoopback || !Directory.Exists(ClusterPaths.StateHome))
        {
            return null;
        }

        try
        {
            return Directory.GetDirectories(ClusterPaths.StateHome).Select(directory => Specs.Load(Path.GetFileName(directory))).OfType<ClusterSpec>()
                .FirstOrDefault(spec => spec.ApiPort == connection.Server.Port && File.Exists(new ClusterPaths(spec.Name).Runtime) && HasAuthority(spec, connection));
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            return null;
        }
    }

    private static bool HasAuthority(ClusterSpec spec, KubeConnection connection)
    {
        var own = KubeconfigReader.Read(new ClusterPaths(spec.Name).AdminKubeconfig).Authorities.Select(certificate => certificate.Thumbprint).ToHashSet();
        return connection.Authorities.Any(certificate => own.Contains(certificate.Thumbprint));
    }
}
