using System.Collections.Immutable;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Reflectors;
using Fairlead.Kube.Client;
using Fairlead.Kube.Kubeconfig;
using Fairlead.Offline;
using Fairlead.OneMachine;
using Fairlead.Policy;
using Fairlead.Terminal;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Live;

/// <summary>Which cluster the user means.</summary>
/// <param name="Name">The one-machine cluster of that name; empty: the kubeconfig says which.</param>
/// <param name="Kubeconfig">Another kubeconfig than the user's; empty: the user's.</param>
/// <param name="Context">Another context of it than the current one; empty: the current one.</param>
internal sealed record ClusterChoice(string Name, string Kubeconfig, string Context);

/// <summary>The cluster that the user means: its API, and the one-machine cluster that it is, when it is one of this machine's.</summary>
internal sealed class UserCluster : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private UserCluster(KubeConnection connection, ClusterSpec? spec) => (Api, Spec) = (new KubeClient(connection), spec);

    /// <summary>Its API.</summary>
    public KubeClient Api { get; }

    /// <summary>The one-machine cluster; null for a cluster of others, and for whoever may not read the state of this machine's.</summary>
    public ClusterSpec? Spec { get; }

    private string Hint => Spec is null ? "`kubectl get --raw /readyz` shows whether the context's cluster answers" : "`fairlead status` shows what runs";

    /// <summary>
    /// The one-machine cluster of that name; else that of a context of the kubeconfig; else, where there is no kubeconfig, the cluster that <c>up</c> starts when
    /// it is given no name.
    /// </summary>
    /// <exception cref="UserError">There is none, or the kubeconfig is none; exit code 2.</exception>
    public static UserCluster Open(ClusterChoice choice)
    {
        var file = choice.Kubeconfig.Length > 0 ? choice.Kubeconfig : Array.Find(UserKubeconfig.Candidates(), File.Exists) ?? "";
        if (choice.Name.Length == 0 && file.Length > 0)
        {
            var connection = Connection(file, choice.Context);
            return new UserCluster(connection, OneMachine(connection));
        }

        var name = choice.Name.Length > 0 ? choice.Name : ClusterSpec.DefaultName;
        var spec = Specs.Load(name) ?? throw new UserError(
            choice.Name.Length > 0 ? $"there is no cluster {name}" : "there is no kubeconfig and no cluster",
            $"`fairlead up{(choice.Name.Length > 0 ? $" --name {name}" : "")}` starts one; --kubeconfig names the file of another", ExitCodes.Usage);
        return new UserCluster(Connection(new ClusterPaths(name).AdminKubeconfig, ""), spec);
    }

    /// <summary>Every object that a connection or a name depends on, listed once.</summary>
    /// <param name="configMap">A ConfigMap that is read too; null: none.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="UserError">The API server refuses or does not answer.</exception>
    public async Task<ClusterTables> ReadAsync(ObjectKey? configMap, CancellationToken cancellationToken)
    {
        var tables = new ClusterTables();
        await FillAsync(tables, configMap, cancellationToken);
        return tables;
    }

    /// <summary>As <see cref="ReadAsync"/>, into tables of which those that are filled on demand may be wanted already.</summary>
    /// <exception cref="UserError">The API server refuses or does not answer.</exception>
    public Task FillAsync(ClusterTables tables, ObjectKey? configMap, CancellationToken cancellationToken) => AskAsync(
        async token =>
        {
            await new ClusterReflectors(Api, tables, TimeProvider.System, NullLogger.Instance) { ConfigMap = configMap }.ListAsync(token);
            return tables;
        },
        cancellationToken);

    /// <summary>Every object that an Ingress depends on, and those that a connection does, listed once.</summary>
    /// <exception cref="UserError">The API server refuses or does not answer.</exception>
    public async Task<ClusterTables> ReadIngressesAsync(CancellationToken cancellationToken)
    {
        var tables = await ReadAsync(null, cancellationToken);
        return await AskAsync(
            async token =>
            {
                await new ClusterReflectors(Api, tables, TimeProvider.System, NullLogger.Instance).ListIngressesAsync(token);
                return tables;
            },
            cancellationToken);
    }

    /// <summary>Asks the API, for a minute at most.</summary>
    /// <exception cref="UserError">The API server refuses or does not answer; exit code 2.</exception>
    public async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await ask(both.Token);
        }
        catch (Exception e) when (e is KubeException or HttpRequestException)
        {
            throw new UserError($"the cluster cannot be read: {(e.InnerException ?? e).Message}", Hint, ExitCodes.Usage);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new UserError("the API server does not answer in time", Hint, ExitCodes.Usage);
        }
    }

    /// <summary>What was read, as far as connections are concerned; who made which pod is not in it.</summary>
    public ClusterView View(ClusterTables tables) => new()
    {
        World = PolicyWorld.Of(tables),
        Services = tables.Services.Snapshot(),
        Slices = tables.EndpointSlices.Snapshot(),
        Makers = ImmutableDictionary<ObjectKey, WorkloadName>.Empty,
        Workloads = [],
        Outside = Spec is null ? [] : [.. Spec.Ranges.Select(ranges => ranges.Host)],
        Families = [.. tables.Pods.Snapshot().Values.SelectMany(pod => pod.IPs.ToArray()).Select(address => address.Family).Distinct()],
    };

    /// <summary>Who sends from its pods: from their network namespaces where they are on this machine, else by what their containers have.</summary>
    /// <param name="view">The cluster as it is.</param>
    /// <param name="byExec">By what the containers have, wherever they are.</param>
    public IPacketSender Sender(ClusterView view, bool byExec) =>
        Spec is not null && !byExec ? Vantages.Sender(view, Spec, "/proc/self/ns/net", []) : new ExecSender(Api, view);

    /// <inheritdoc/>
    public void Dispose() => Api.Dispose();

    private static KubeConnection Connection(string file, string context)
    {
        try
        {
            return KubeconfigReader.Read(file, context);
        }
        catch (Exception e) when (e is IOException or FormatException or UnauthorizedAccessException)
        {
            throw new UserError($"{file}: {e.Message}", "name a kubeconfig with --kubeconfig, a context of it with --context, or a cluster of this machine with --name", ExitCodes.Usage);
        }
    }

    /// <summary>Each of this machine's clusters has an authority of its own; the address and port may be another's, in another network namespace.</summary>
    private static ClusterSpec? OneMachine(KubeConnection connection)
    {
        var authorities = connection.Authorities.Select(authority => authority.Thumbprint).ToHashSet();
        try
        {
            return Teardown.Names().Where(name => IsOf(name, authorities)).Select(Specs.Load).FirstOrDefault(spec => spec is not null);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            return null;
        }
    }

    private static bool IsOf(string name, HashSet<string> authorities)
    {
        var file = new ClusterPaths(name).AdminKubeconfig;
        try
        {
            return File.Exists(file) && KubeconfigReader.Read(file).Authorities.Any(authority => authorities.Contains(authority.Thumbprint));
        }
        catch (FormatException)
        {
            // Of a cluster that is only just being made.
            return false;
        }
    }
}
