using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Client;
using Fairlead.Kube.Watch;
using Fairlead.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cluster.Reflectors;

/// <summary>Keeps the cluster tables equal to the API's objects: what an agent knows of the cluster, and all of it.</summary>
public sealed class ClusterReflectors(IKubeApi api, ClusterTables tables, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan AskAgain = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RetrySoon = TimeSpan.FromSeconds(1);

    /// <summary>The one ConfigMap that is read; null: none.</summary>
    public ObjectKey? ConfigMap { get; init; }

    /// <summary>Lists all kinds once, for who needs the cluster as it stands at a moment; imports when they are wanted. Kinds that the server does not have or does not show have no rows.</summary>
    /// <exception cref="KubeException">The server refuses a kind that there is in every cluster.</exception>
    /// <exception cref="HttpRequestException">It does not answer.</exception>
    public Task ListAsync(CancellationToken cancellationToken) => Task.WhenAll(
        Reflect(ResourceTypes.Namespaces, tables.Namespaces, key => key.Name, PodReader.Namespace).ListAsync(cancellationToken),
        Reflect(ResourceTypes.Nodes, tables.Nodes, key => key.Name, PodReader.Node).ListAsync(cancellationToken),
        Reflect(ResourceTypes.Services, tables.Services, key => key, ServiceReader.Read).ListAsync(cancellationToken),
        Slices().ListAsync(cancellationToken),
        Reflect(ResourceTypes.Pods, tables.Pods, key => key, PodReader.Pod).ListAsync(cancellationToken),
        Reflect(ResourceTypes.NetworkPolicies, tables.Policies, key => key, PolicyReader.Read).ListAsync(cancellationToken),
        ConfigMaps()?.ListAsync(cancellationToken) ?? Task.CompletedTask,
        ListOptionalAsync(Reflect(ResourceTypes.ServiceCidrs, tables.ServiceCidrs, key => key.Name, PodReader.ServiceCidr), cancellationToken),
        ListOptionalAsync(Reflect(ResourceTypes.ClusterNetworkPolicies, tables.ClusterPolicies, key => key.Name, ClusterPolicyReader.Read), cancellationToken),
        ListImportsAsync(cancellationToken));

    /// <summary>
    /// Lists once what Ingresses are served by beside the rest: them, their classes and certificates. A server that does not show Secrets leaves their table
    /// uninitialized: then nothing is known of them, and not that there are none.
    /// </summary>
    /// <exception cref="KubeException">The server refuses Ingresses or their classes.</exception>
    /// <exception cref="HttpRequestException">It does not answer.</exception>
    public Task ListIngressesAsync(CancellationToken cancellationToken) => Task.WhenAll(
        Reflect(ResourceTypes.Ingresses, tables.Ingresses, key => key, IngressReader.Ingress).ListAsync(cancellationToken),
        Reflect(ResourceTypes.IngressClasses, tables.IngressClasses, key => key.Name, IngressReader.Class).ListAsync(cancellationToken),
        ListOptionalAsync(TlsSecrets(), cancellationToken));

    private async Task ListImportsAsync(CancellationToken cancellationToken)
    {
        if (tables.ServiceImports.Wanted is not { } table)
        {
            return;
        }

        foreach (var version in ResourceTypes.ServiceImports)
        {
            try
            {
                await Reflect(version, table, key => key, ServiceImportReader.Read).ListAsync(cancellationToken);
                tables.ServiceImports.Refuse(table, "");
                return;
            }
            catch (KubeException e) when (e.Code is 403 or 404)
            {
                tables.ServiceImports.Refuse(table, e.Message);
            }
        }
    }

    private static async Task ListOptionalAsync(Reflector reflector, CancellationToken cancellationToken)
    {
        try
        {
            await reflector.ListAsync(cancellationToken);
        }
        catch (KubeException e) when (e.Code is 403 or 404)
        {
            // Then there are none, or nobody may say.
        }
    }

    /// <summary>Lists and watches all kinds until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(
            RunPoliciesAsync(cancellationToken), Slices().RunAsync(cancellationToken), ConfigMaps()?.RunAsync(cancellationToken) ?? Task.CompletedTask,
            RunImportsAsync(cancellationToken));

    /// <summary>Lists and watches what policies are judged by until cancelled: all kinds but slices, imports and the ConfigMap.</summary>
    public Task RunPoliciesAsync(CancellationToken cancellationToken) => Task.WhenAll(
        RunNodesAsync(cancellationToken),
        Run(ResourceTypes.Namespaces, tables.Namespaces, key => key.Name, PodReader.Namespace, cancellationToken),
        Run(ResourceTypes.Services, tables.Services, key => key, ServiceReader.Read, cancellationToken),
        RunWhereServedAsync(
            ResourceTypes.ServiceCidrs, tables.ServiceCidrs, PodReader.ServiceCidr, "the Services' ranges are those of --service-range alone", cancellationToken),
        Run(ResourceTypes.Pods, tables.Pods, key => key, PodReader.Pod, cancellationToken),
        Run(ResourceTypes.NetworkPolicies, tables.Policies, key => key, PolicyReader.Read, cancellationToken),
        RunWhereServedAsync(
            ResourceTypes.ClusterNetworkPolicies, tables.ClusterPolicies, ClusterPolicyReader.Read, "only NetworkPolicies are in force", cancellationToken));

    /// <summary>Lists and watches Services, their slices and nodes until cancelled.</summary>
    public Task RunServicesAsync(CancellationToken cancellationToken) => Task.WhenAll(
        RunNodesAsync(cancellationToken),
        Run(ResourceTypes.Services, tables.Services, key => key, ServiceReader.Read, cancellationToken),
        Slices().RunAsync(cancellationToken));

    /// <summary>Lists and watches what Ingresses are served by until cancelled: them, their classes and certificates, Services, slices and nodes.</summary>
    public Task RunIngressesAsync(CancellationToken cancellationToken) => Task.WhenAll(
        RunServicesAsync(cancellationToken),
        Run(ResourceTypes.Ingresses, tables.Ingresses, key => key, IngressReader.Ingress, cancellationToken),
        Run(ResourceTypes.IngressClasses, tables.IngressClasses, key => key.Name, IngressReader.Class, cancellationToken),
        TlsSecrets().RunAsync(cancellationToken));

    /// <summary>Lists and watches nodes alone until cancelled.</summary>
    public Task RunNodesAsync(CancellationToken cancellationToken) =>
        Run(ResourceTypes.Nodes, tables.Nodes, key => key.Name, PodReader.Node, cancellationToken);

    /// <summary>
    /// A cluster-scoped kind that a server may not have (ServiceCIDRs before Kubernetes 1.33; ClusterNetworkPolicies without their definition), and that a
    /// role made for an earlier agent may not read: then there are none, until there are.
    /// </summary>
    private async Task RunWhereServedAsync<TRow>(
        ResourceType type, Table<string, TRow> table, Func<JsonObject, TRow> read, string consequence, CancellationToken cancellationToken)
        where TRow : class
    {
        await ServedAsync([type], consequence, _ => table.MarkInitialized(), cancellationToken);
        await Run(type, table, key => key.Name, read, cancellationToken);
    }

    // Only while somebody wants them. A server without them has said nothing of what there is in the clusterset: the table is not initialized until it has.
    private async Task RunImportsAsync(CancellationToken cancellationToken)
    {
        var imports = tables.ServiceImports;
        var wake = new Wake();
        imports.Changed += wake.Ring;
        try
        {
            while (true)
            {
                var table = imports.Wanted;
                using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                var following = table is null ? Task.CompletedTask : FollowImportsAsync(table, ending.Token);
                try
                {
                    while (imports.Wanted == table)
                    {
                        await wake.WaitAsync(cancellationToken);
                    }
                }
                finally
                {
                    await ending.CancelAsync();
                    await following.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                }
            }
        }
        finally
        {
            imports.Changed -= wake.Ring;
        }
    }

    private async Task FollowImportsAsync(Table<ObjectKey, ServiceRow> table, CancellationToken cancellationToken)
    {
        var type = await ServedAsync(
            ResourceTypes.ServiceImports, "names of the zones of the Corefile's option multicluster are SERVFAIL",
            refusal => tables.ServiceImports.Refuse(table, refusal), cancellationToken);
        tables.ServiceImports.Refuse(table, "");
        await Run(type, table, key => key, ServiceImportReader.Read, cancellationToken);
    }

    // The first of a kind's versions that the server has and shows; until there is one, whoever waits is told why.
    private async Task<ResourceType> ServedAsync(
        IReadOnlyList<ResourceType> versions, string consequence, Action<string> refused, CancellationToken cancellationToken)
    {
        var told = false;
        while (true)
        {
            var delay = AskAgain;
            try
            {
                var refusal = "";
                foreach (var version in versions)
                {
                    if (await RefusalAsync(version, cancellationToken) is not { } said)
                    {
                        return version;
                    }

                    refusal = said;
                }

                if (!told)
                {
                    log.NotServed(versions[0].Plural, consequence, refusal);
                }

                told = true;
                refused(refusal);
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                log.NotKnownYet(versions[0].Plural, e.Message);
                delay = RetrySoon;
            }

            await Task.Delay(delay, time, cancellationToken);
        }
    }

    // Null: the server has the kind.
    private async Task<string?> RefusalAsync(ResourceType type, CancellationToken cancellationToken)
    {
        try
        {
            await api.ListAsync(type, "", ListOptions.All with { Limit = 1 }, cancellationToken);
            return null;
        }
        catch (KubeException e) when (e.Code is 403 or 404)
        {
            return e.Message;
        }
    }

    // By its name: whoever may read no other ConfigMap may watch this one (RBAC resourceNames).
    private Reflector? ConfigMaps()
    {
        if (ConfigMap is not { } key)
        {
            return null;
        }

        var sink = new RowSink<ObjectKey, ConfigMapRow>(tables.ConfigMaps, row => row, ConfigMapReader.Read, log);
        var named = new ListOptions { FieldSelector = $"metadata.name={key.Name}" };
        return new Reflector(api, ResourceTypes.ConfigMaps, named, sink, time, log) { Namespace = key.Namespace };
    }

    // By their type: no other Secret is read, or leaves the API server for this.
    private Reflector TlsSecrets() => new(
        api, ResourceTypes.Secrets, new ListOptions { FieldSelector = $"type={TlsSecretRow.SecretType}" },
        new RowSink<ObjectKey, TlsSecretRow>(tables.TlsSecrets, key => key, IngressReader.Secret, log), time, log);

    private Reflector Slices()
    {
        var texts = new SharedTexts();
        return Reflect(ResourceTypes.EndpointSlices, tables.EndpointSlices, key => key, document => EndpointSliceReader.Read(document, texts));
    }

    private Task Run<TKey, TRow>(
        ResourceType type, Table<TKey, TRow> table, Func<ObjectKey, TKey> keyOf, Func<JsonObject, TRow> read, CancellationToken cancellationToken)
        where TKey : notnull
        where TRow : class => Reflect(type, table, keyOf, read).RunAsync(cancellationToken);

    private Reflector Reflect<TKey, TRow>(ResourceType type, Table<TKey, TRow> table, Func<ObjectKey, TKey> keyOf, Func<JsonObject, TRow> read)
        where TKey : notnull
        where TRow : class =>
        new(api, type, ListOptions.All, new RowSink<TKey, TRow>(table, keyOf, read, log), time, log);
}
