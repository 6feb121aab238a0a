using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.Benchmarks;

/// <summary>The objects that the ingress is measured with: a Service whose endpoint is a server outside the cluster, and Ingresses of one host with five paths each.</summary>
internal static class IngressLoad
{
    private const int Writers = 16;

    /// <summary>The paths of each host.</summary>
    public static IReadOnlyList<string> Paths { get; } = [.. Enumerable.Range(0, 5).Select(number => $"/p{number}")];

    /// <summary>A host.</summary>
    public static string Host(int number) => $"h{number}.bench.example";

    /// <summary>The Service and its endpoint.</summary>
    public static async Task CreateServiceAsync(KubeClient api, string address, int port)
    {
        await CreateAsync(api, ResourceTypes.Services, $$"""{"metadata":{"name":"behind"},"spec":{"ports":[{"port":80,"targetPort":{{port}} }] } }""");
        await CreateAsync(api, ResourceTypes.EndpointSlices, $$"""
            {"metadata":{"name":"behind-1","labels":{"kubernetes.io/service-name":"behind"} },"addressType":"IPv4",
             "ports":[{"name":"","port":{{port}},"protocol":"TCP"}],"endpoints":[{"addresses":["{{address}}"],"conditions":{"ready":true} }]}
            """);
    }

    /// <summary>Ingresses, by many writers.</summary>
    public static Task CreateIngressesAsync(KubeClient api, int from, int to) => Parallel.ForEachAsync(
        Enumerable.Range(from, to - from), new ParallelOptions { MaxDegreeOfParallelism = Writers },
        async (number, _) => await CreateAsync(api, ResourceTypes.Ingresses, Ingress(number, [.. Paths])));

    /// <summary>Gives an Ingress one more path.</summary>
    public static Task AddPathAsync(KubeClient api, int number, string path) => api.PatchAsync(
        ResourceTypes.Ingresses, "default", $"i{number}", "", PatchKind.Merge, JsonNode.Parse(Ingress(number, [.. Paths, path]))!.AsObject(), CancellationToken.None);

    private static string Ingress(int number, IReadOnlyList<string> paths)
    {
        var items = paths.Select(path => $$"""{"path":"{{path}}","pathType":"Prefix","backend":{"service":{"name":"behind","port":{"number":80} } } }""");
        return $$"""{"metadata":{"name":"i{{number}}"},"spec":{"rules":[{"host":"{{Host(number)}}","http":{"paths":[{{string.Join(',', items)}}]} }]} }""";
    }

    private static Task<JsonObject> CreateAsync(KubeClient api, ResourceType type, string json) =>
        api.CreateAsync(type, "default", JsonNode.Parse(json)!.AsObject(), CancellationToken.None);
}
