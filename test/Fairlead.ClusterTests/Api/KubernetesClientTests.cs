using System.Text.Json;
using Fairlead.Testing;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace Fairlead.ClusterTests.Api;

/// <summary>The official .NET client, which shares no code with ours.</summary>
public sealed class KubernetesClientTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task It_reads_writes_patches_and_deletes()
    {
        using var client = Client();
        var made = await client.CoreV1.CreateNamespacedServiceAsync(
            new V1Service
            {
                Metadata = new V1ObjectMeta { GenerateName = "net-" },
                Spec = new V1ServiceSpec { Selector = new Dictionary<string, string> { ["app"] = "net" }, Ports = [new V1ServicePort { Port = 80, TargetPort = "http" }] },
            },
            "default");
        var name = made.Metadata.Name;
        Assert.StartsWith("10.", made.Spec.ClusterIP, StringComparison.Ordinal);
        made.Spec.Ports[0].Port = 81;
        made = await client.CoreV1.ReplaceNamespacedServiceAsync(made, name, "default");
        Assert.Equal(81, made.Spec.Ports[0].Port);
        var patch = new V1Patch("""{"metadata":{"labels":{"a":"b"}}}""", V1Patch.PatchType.StrategicMergePatch);
        await client.CoreV1.PatchNamespacedServiceAsync(patch, name, "default");
        var found = await client.CoreV1.ListNamespacedServiceAsync("default", labelSelector: "a=b", fieldSelector: $"metadata.name={name}");
        Assert.Equal(made.Metadata.Uid, Assert.Single(found.Items).Metadata.Uid);
        await client.CoreV1.DeleteNamespacedServiceAsync(name, "default");
        var refused = await Assert.ThrowsAsync<HttpOperationException>(() => client.CoreV1.ReadNamespacedServiceAsync(name, "default"));
        Assert.Equal("NotFound", JsonSerializer.Deserialize<V1Status>(refused.Response.Content)!.Reason);
    }

    [Fact]
    public async Task It_watches_from_a_list_on()
    {
        using var client = Client();
        var list = await client.CoreV1.ListNamespacedConfigMapAsync("default");
        await client.CoreV1.CreateNamespacedConfigMapAsync(new V1ConfigMap { Metadata = new V1ObjectMeta { Name = "watched" } }, "default");
        await client.CoreV1.DeleteNamespacedConfigMapAsync("watched", "default");
        var seen = new List<WatchEventType>();
        await foreach (var (type, item) in client.CoreV1.WatchListNamespacedConfigMapAsync(
            "default", resourceVersion: list.Metadata.ResourceVersion, cancellationToken: Deadline.Token()))
        {
            Assert.Equal("watched", item.Metadata.Name);
            seen.Add(type);
            if (seen.Count == 2)
            {
                break;
            }
        }

        Assert.Equal([WatchEventType.Added, WatchEventType.Deleted], seen);
    }

    [Fact]
    public async Task It_executes_over_its_own_WebSocket()
    {
        using var client = Client();
        await client.CoreV1.CreateNamespacedPodAsync(
            new V1Pod
            {
                Metadata = new V1ObjectMeta { Name = "net" },
                Spec = new V1PodSpec { NodeName = "nowhere", Containers = [new V1Container { Name = "c", Image = "busybox" }] },
            },
            "default");
        var output = "";
        var code = await client.NamespacedPodExecAsync(
            "net", "default", "c", ["ls", "/"], tty: false,
            async (_, stdout, _) =>
            {
                using var reader = new StreamReader(stdout);
                output = await reader.ReadToEndAsync();
            },
            Deadline.Token());
        Assert.Equal((7, "/exec/default/net/c ls /\n"), (code, output));
    }

    private Kubernetes Client() => new(KubernetesClientConfiguration.BuildConfigFromConfigFile(api.Kubeconfig));
}
