using System.Diagnostics;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Yaml;
using Fairlead.Terminal;

namespace Fairlead.OneMachine;

/// <summary>
/// Ingresses of a one-machine cluster: the objects that a real cluster has for it, whose pod runs <c>fairlead ingress</c>. They carry a label that says
/// that <c>up</c> keeps them; what has their names and not this label is the user's and is left as it is.
/// </summary>
internal sealed class IngressAddon(ClusterSpec spec, IKubeApi api, MountedProgram program)
{
    /// <summary>The namespace of what is in one.</summary>
    public const string Namespace = "kube-system";

    /// <summary>The name of Deployment, Service and ServiceAccount.</summary>
    public const string Name = "fairlead-ingress";

    private const string KeeperLabel = "app.kubernetes.io/managed-by";
    private const string Keeper = "fairlead-up";

    // Nothing else depends on it: a cluster is ready without.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    // In the order in which they are made: who refers to another comes after it.
    private static readonly ResourceType[] Kinds = [ResourceTypes.ServiceAccounts, ResourceTypes.IngressClasses, ResourceTypes.Services, ResourceTypes.Deployments];

    /// <summary>Makes what is missing and brings up to date what there is, the user's number of replicas aside; or removes all of it from a cluster that is to have none.</summary>
    /// <exception cref="KubeException">The API refused.</exception>
    public async Task ApplyAsync(CancellationToken cancellationToken)
    {
        var objects = Objects();
        foreach (var wanted in spec.WithoutIngress ? Enumerable.Reverse(objects) : objects)
        {
            var type = Array.Find(Kinds, kind => kind.Kind == wanted.Text("kind"))!;
            var (ns, name) = (wanted.Text("metadata", "namespace"), wanted.Text("metadata", "name"));
            var present = await GetAsync(api, type, ns, name, cancellationToken);
            if (present is null && !spec.WithoutIngress)
            {
                await api.CreateAsync(type, ns, wanted, cancellationToken);
            }
            else if (present?.Text("metadata", "labels", KeeperLabel) == Keeper)
            {
                await (spec.WithoutIngress ? api.DeleteAsync(type, ns, name, null, cancellationToken) : BringUpToDateAsync(type, present, wanted, cancellationToken));
            }
        }
    }

    /// <summary>As <see cref="ApplyAsync"/>; a refusal is told as a warning, and gives false: a cluster without it is still one.</summary>
    public async Task<bool> TryApplyAsync(ISteps steps, CancellationToken cancellationToken)
    {
        try
        {
            await ApplyAsync(cancellationToken);
            return true;
        }
        catch (KubeException e)
        {
            steps.Warn($"Ingresses are not served: {e.Message}");
            return false;
        }
    }

    /// <summary>Waits a little until it serves, and tells where, or what is missing.</summary>
    public async Task TellAsync(ISteps steps, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        try
        {
            var isServing = await WaitAsync(cancellationToken);
            var standing = await IngressStanding.ReadAsync(api, cancellationToken);
            if (isServing)
            {
                steps.Done($"ingress {(standing.Addresses.Count > 0 ? string.Join(", ", standing.Addresses) : standing.State)}", watch.Elapsed);
            }
            else
            {
                steps.Warn($"Ingresses are not served after {Limit.TotalSeconds:0} s: {standing.Problem}. `fairlead status` says when they are");
            }
        }
        catch (KubeException e)
        {
            steps.Warn($"Ingresses are not served: {e.Message}");
        }
    }

    /// <summary>An object; null when there is none.</summary>
    /// <exception cref="KubeException">The API refused.</exception>
    internal static async Task<JsonObject?> GetAsync(IKubeApi api, ResourceType type, string ns, string name, CancellationToken cancellationToken)
    {
        try
        {
            return await api.GetAsync(type, ns, name, cancellationToken);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            return null;
        }
    }

    /// <summary>The objects as a cluster of this specification and this program has them, in the order in which to make them.</summary>
    internal IReadOnlyList<JsonObject> Objects()
    {
        using var stream = typeof(IngressAddon).Assembly.GetManifestResourceStream("ingress.yaml") ?? throw new FormatException("the program was built without ingress.yaml");
        using var text = new StreamReader(stream);
        var objects = YamlReader.ReadAll(text).OfType<JsonObject>().OrderBy(document => Array.FindIndex(Kinds, kind => kind.Kind == document.Text("kind"))).ToList();
        foreach (var document in objects)
        {
            document["metadata"]!["labels"] = new JsonObject { ["app.kubernetes.io/name"] = Name, [KeeperLabel] = Keeper };
            switch (document.Text("kind"))
            {
                case "Service":
                    // The last one: the user's first Service has the first.
                    document["spec"]!["loadBalancerIP"] = $"{spec.V4.LoadBalancers.Last}";
                    break;
                case "Deployment":
                    program.PutInto(document.Object("spec", "template", "spec")!);
                    break;
                default:
                    break;
            }
        }

        return objects;
    }

    /// <summary>Waits until it serves, as far as it is to; false when it does not in time.</summary>
    private async Task<bool> WaitAsync(CancellationToken cancellationToken) =>
        await Conditions.WaitAsync(api, ResourceTypes.Deployments, Namespace, all => all.Any(one => IsNamed(one) && IngressStanding.IsAsWanted(one)), Limit, cancellationToken)
        && await Conditions.WaitAsync(api, ResourceTypes.Services, Namespace, all => all.Any(one => IsNamed(one) && IngressStanding.AddressesOf(one).Any()), Limit, cancellationToken);

    private static bool IsNamed(JsonObject document) => document.Text("metadata", "name") == Name;

    private Task BringUpToDateAsync(ResourceType type, JsonObject present, JsonObject wanted, CancellationToken cancellationToken)
    {
        var (ns, name) = (wanted.Text("metadata", "namespace"), wanted.Text("metadata", "name"));
        if (type == ResourceTypes.Services)
        {
            return api.PatchAsync(type, ns, name, "", PatchKind.Strategic, wanted, cancellationToken);
        }

        if (type != ResourceTypes.Deployments)
        {
            return Task.CompletedTask;
        }

        // Replaced and not merged: what it mounted of a program that was elsewhere, or of another build, must go.
        wanted["spec"]!["replicas"] = present.Number(1, "spec", "replicas");
        present["spec"] = wanted["spec"]!.DeepClone();
        present.Object("metadata")!.Remove("resourceVersion");
        return api.UpdateAsync(type, ns, name, "", present, cancellationToken);
    }
}
