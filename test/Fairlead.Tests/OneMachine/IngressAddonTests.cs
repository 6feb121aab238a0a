using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Registry;
using Fairlead.ControlPlane.Store;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Files;
using Fairlead.OneMachine;
using Fairlead.Pods;

namespace Fairlead.Tests.OneMachine;

/// <summary>The objects by which a one-machine cluster serves Ingresses, in a real store.</summary>
public sealed class IngressAddonTests : IAsyncLifetime
{
    private static readonly ClusterSpec Spec = Specs.Create(new UpRequest { Name = "fairlead", Families = IpFamilyMode.Dual }, [], 6443);
    private static readonly MountedProgram Released = new("/root/bin/fairlead", "", new FileOwner(65532, 65532));
    private static readonly MountedProgram Built = new("/home/me/out/fairlead", "/usr/share/dotnet", new FileOwner(65532, 65532));

    private readonly string _directory = Directory.CreateTempSubdirectory("ingress-addon").FullName;
    private ObjectStore _store = null!;
    private LocalApi _api = null!;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        _store = ObjectStore.Open(Path.Combine(_directory, "store.db"), new KindIndex(), 100);
        _api = new LocalApi(new ApiRegistry(_store, TimeProvider.System, null));
        await _api.CreateAsync(ResourceTypes.Namespaces, "", new JsonObject { ["metadata"] = new JsonObject { ["name"] = "kube-system" } }, default);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task The_Service_asks_for_the_last_address_and_no_class_is_the_default()
    {
        await ApplyAsync(Spec, Released);
        var service = await GetAsync(ResourceTypes.Services);
        Assert.Equal("LoadBalancer Local 172.30.255.254", $"{service.Text("spec", "type")} {service.Text("spec", "externalTrafficPolicy")} {service.Text("spec", "loadBalancerIP")}");
        foreach (var name in (string[])["fairlead", "nginx"])
        {
            var made = await _api.GetAsync(ResourceTypes.IngressClasses, "", name, default);
            Assert.Equal("fairlead.dev/ingress", made.Text("spec", "controller"));
            Assert.Null(made["metadata"]!["annotations"]);
        }
    }

    [Fact]
    public async Task The_pod_runs_the_program_by_its_mount_as_nobody_in_particular_and_is_no_stand_in()
    {
        await ApplyAsync(Spec, Released);
        var pod = (await GetAsync(ResourceTypes.Deployments)).Object("spec", "template", "spec")!;
        var container = pod.Objects("containers").First();
        Assert.Equal(["/opt/fairlead/fairlead"], container.Texts("command"));
        Assert.Equal("/root/bin/fairlead", pod.Objects("volumes").Single().Text("hostPath", "path"));
        Assert.Equal("/opt/fairlead/fairlead", container.Objects("volumeMounts").Single().Text("mountPath"));
        Assert.Equal(65532, container.Number("securityContext", "runAsUser"));
        Assert.True(container.Flag("securityContext", "runAsNonRoot"));
        Assert.Empty(PodWarnings.For(pod, "spec"));
    }

    [Fact]
    public async Task The_next_start_brings_the_program_up_to_date_and_leaves_the_users_replicas()
    {
        await ApplyAsync(Spec, Built);
        await _api.PatchAsync(ResourceTypes.Deployments, "kube-system", "fairlead-ingress", "", PatchKind.Merge, new JsonObject { ["spec"] = new JsonObject { ["replicas"] = 3 } }, default);
        var before = await GetAsync(ResourceTypes.Deployments);
        await ApplyAsync(Spec, Built);
        Assert.Equal(before.ToJsonString(), (await GetAsync(ResourceTypes.Deployments)).ToJsonString());

        await ApplyAsync(Spec, Released);
        var after = await GetAsync(ResourceTypes.Deployments);
        Assert.Equal(3, after.Number("spec", "replicas"));
        Assert.Equal("File", after.Objects("spec", "template", "spec", "volumes").Single().Text("hostPath", "type"));
        Assert.DoesNotContain("DOTNET_ROOT", after.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_it_all_is_removed_but_what_is_the_users()
    {
        await _api.CreateAsync(
            ResourceTypes.IngressClasses, "",
            new JsonObject { ["metadata"] = new JsonObject { ["name"] = "nginx" }, ["spec"] = new JsonObject { ["controller"] = "k8s.io/ingress-nginx" } }, default);
        await ApplyAsync(Spec, Released);
        await ApplyAsync(Spec with { WithoutIngress = true }, Released);
        foreach (var type in (ResourceType[])[ResourceTypes.Deployments, ResourceTypes.Services, ResourceTypes.ServiceAccounts])
        {
            Assert.Null(await IngressAddon.GetAsync(_api, type, "kube-system", "fairlead-ingress", default));
        }

        var classes = await _api.ListAsync(ResourceTypes.IngressClasses, "", ListOptions.All, default);
        Assert.Equal("k8s.io/ingress-nginx", Assert.Single(classes.Objects("items")).Text("spec", "controller"));
    }

    [Theory]
    [InlineData("""{"spec": {"replicas": 1}, "status": {"availableReplicas": 1}}""", "172.30.255.254", "", "running 172.30.255.254 ")]
    [InlineData("""{"spec": {"replicas": 1}, "status": {"availableReplicas": 1}}""", "", "", "running  Service kube-system/fairlead-ingress has no address")]
    [InlineData("""{"spec": {"replicas": 0}}""", "172.30.255.254", "", "scaled to 0  ")]
    [InlineData("", "172.30.255.254", "", "deleted  ")]
    [InlineData("""{"spec": {"replicas": 1}}""", "172.30.255.254", "", "not running 172.30.255.254 it has no pod yet")]
    [InlineData(
        """{"spec": {"replicas": 1}}""", "172.30.255.254",
        """{"metadata": {"name": "p"}, "status": {"containerStatuses": [{"state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}}]}}""",
        "not running 172.30.255.254 pod kube-system/p: CrashLoopBackOff: back-off 10s")]
    [InlineData(
        """{"spec": {"replicas": 1}}""", "172.30.255.254",
        """{"metadata": {"name": "p"}, "status": {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no nodes"}]}}""",
        "not running 172.30.255.254 pod kube-system/p: Unschedulable: no nodes")]
    public void Its_standing_says_where_or_why_not(string deployment, string address, string pod, string expected)
    {
        var ingress = new JsonArray(address.Length > 0 ? [new JsonObject { ["ip"] = address }] : []);
        var service = new JsonObject { ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject { ["ingress"] = ingress } } };
        var standing = IngressStanding.Of(Parse(deployment), service, Parse(pod) is { } one ? [one] : []);
        Assert.Equal(expected, $"{standing.State} {string.Join(' ', standing.Addresses)} {standing.Problem}");
    }

    private static JsonObject? Parse(string json) => json.Length > 0 ? JsonNode.Parse(json)!.AsObject() : null;

    private Task ApplyAsync(ClusterSpec spec, MountedProgram program) => new IngressAddon(spec, _api, program).ApplyAsync(default);

    private Task<JsonObject> GetAsync(ResourceType type) => _api.GetAsync(type, "kube-system", "fairlead-ingress", default);
}
