using System.Text.Json.Nodes;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Reflectors;
using Fairlead.ControlPlane.Registry;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.State;
using Fairlead.Testing;
using Fairlead.Tests.ControlPlane;
using Fairlead.Tests.Pods;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Ingress;

/// <summary>The registry with Ingresses and a Service that publishes them, and the tables that follow it; what is served is the test's to say.</summary>
internal sealed class IngressApi : IAsyncDisposable
{
    public static readonly ObjectKey Published = new("default", "ingress");

    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _running = [];

    private IngressApi(RegistryHarness harness)
    {
        Harness = harness;
        Api = new TroubledApi(new LocalApi(harness.Registry));
    }

    public RegistryHarness Harness { get; }

    public TroubledApi Api { get; }

    public ClusterTables Cluster { get; } = new();

    public static async Task<IngressApi> StartAsync()
    {
        var made = new IngressApi(new RegistryHarness());
        await made.Harness.NamespaceAsync();
        await made.Harness.CreateAsync(ResourceTypes.Services, """
            {"metadata":{"name":"ingress"},"spec":{"type":"LoadBalancer","clusterIP":"10.96.0.9","ports":[{"port":80}]}}
            """);
        await made.PublishAsync("172.30.255.1", "fd00::1");
        made.Run(new ClusterReflectors(made.Api, made.Cluster, made.Harness.Time, NullLogger.Instance).RunIngressesAsync);
        return made;
    }

    /// <summary>Runs a part of the room until the test ends.</summary>
    public void Run(Func<CancellationToken, Task> part) => _running.Add(part(_stop.Token));

    public Task PublishAsync(params string[] addresses) =>
        Harness.PatchAsync(ResourceTypes.Services, "ingress", Status(addresses), "status");

    /// <summary>Makes an Ingress that shows some addresses, and waits until the tables have it so: who counts writes must not race with its arrival.</summary>
    public async Task IngressAsync(string name, params string[] addresses)
    {
        await Harness.CreateAsync(ResourceTypes.Ingresses, $$$"""
            {"metadata":{"name":"{{{name}}}"},"spec":{"defaultBackend":{"service":{"name":"s","port":{"number":80}} } } }
            """);
        await ShowAsync(name, addresses);
        await UntilAsync(() => Task.FromResult(Cluster.Ingresses.Get(new ObjectKey("default", name)) is { } row && row.Addresses == addresses.ToValueArray()));
    }

    /// <summary>Writes a status, as another controller does.</summary>
    public Task ShowAsync(string name, params string[] addresses) => Harness.PatchAsync(ResourceTypes.Ingresses, name, Status(addresses), "status");

    public async Task<string> ShownAsync(string name)
    {
        var document = await Api.GetAsync(ResourceTypes.Ingresses, "default", name, default);
        return string.Join(' ', document.Objects("status", "loadBalancer", "ingress").Select(item => item.Text("ip")));
    }

    public Task UntilShownAsync(string name, string addresses) => UntilAsync(async () => await ShownAsync(name) == addresses);

    /// <summary>Waits for a state, while the clock goes on so that what is to be tried again is.</summary>
    public async Task UntilAsync(Func<Task<bool>> state)
    {
        for (var deadline = Deadline.Token(); !await state();)
        {
            Harness.Time.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, deadline);
        }
    }

    /// <summary>All Events, once there are so many.</summary>
    public async Task<List<JsonObject>> EventsAsync(int count)
    {
        List<JsonObject> events = [];
        await UntilAsync(async () =>
        {
            events = [.. (await Api.ListAsync(ResourceTypes.Events, "", ListOptions.All, default)).Objects("items")];
            return events.Count >= count;
        });
        return events;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
        await Harness.DisposeAsync();
    }

    private static string Status(string[] addresses)
    {
        var ingress = new JsonArray([.. addresses.Select(address => new JsonObject { ["ip"] = address })]);
        return new JsonObject { ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject { ["ingress"] = ingress } } }.ToJsonString();
    }
}
