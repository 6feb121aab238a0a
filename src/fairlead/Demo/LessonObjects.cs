using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Yaml;

namespace Fairlead.Demo;

/// <summary>The lesson's manifests, as the program carries them: <c>examples/lesson</c>.</summary>
internal static class LessonObjects
{
    /// <summary>In the order of creation: policies before the pods they select, Services before the pods that look for them.</summary>
    private static readonly string[] Files =
    [
        "namespaces.yaml", "network-policy.yaml", "clusterip-service.yaml", "nodeport-service.yaml", "loadbalancer-service.yaml", "headless-service.yaml",
        "ingress.yaml", "workloads.yaml",
    ];

    private static readonly ResourceType[] Kinds =
    [
        ResourceTypes.Namespaces, ResourceTypes.NetworkPolicies, ResourceTypes.Services, ResourceTypes.Secrets, ResourceTypes.Ingresses, ResourceTypes.Deployments,
        ResourceTypes.Pods,
    ];

    /// <summary>
    /// Creates what is missing and leaves what is there as it is: a demo that put right what the user has changed could not show what the change did.
    /// </summary>
    /// <returns>How many objects there are, and how many of them were created.</returns>
    /// <exception cref="KubeException">The API refused.</exception>
    public static async Task<(int All, int Created)> CreateMissingAsync(IKubeApi api, CancellationToken cancellationToken)
    {
        var objects = Read();
        var created = 0;
        foreach (var document in objects)
        {
            var type = Array.Find(Kinds, kind => kind.Kind == document.Text("kind")) ?? throw new FormatException($"the lesson has no use for kind {document.Text("kind")}");
            try
            {
                await api.CreateAsync(type, NamespaceOf(document, type), document.DeepClone().AsObject(), cancellationToken);
                created++;
            }
            catch (KubeException e) when (e.IsAlreadyExists)
            {
                // It is the user's by now.
                continue;
            }
        }

        return (objects.Count, created);
    }

    /// <summary>Every object, in the order of creation.</summary>
    public static IReadOnlyList<JsonObject> Read() => [.. Files.SelectMany(Read)];

    private static List<JsonObject> Read(string file)
    {
        using var stream = typeof(LessonObjects).Assembly.GetManifestResourceStream($"lesson/{file}") ?? throw new FormatException($"the program was built without {file}");
        using var text = new StreamReader(stream);
        return [.. YamlReader.ReadAll(text).OfType<JsonObject>()];
    }

    private static string NamespaceOf(JsonObject document, ResourceType type) =>
        !type.Namespaced ? "" : document.Text("metadata", "namespace") is { Length: > 0 } named ? named : "default";
}
