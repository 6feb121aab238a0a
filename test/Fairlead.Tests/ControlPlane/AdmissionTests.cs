using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Registry;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.Tests.ControlPlane;

/// <summary>What a write is given, or refused for, by what else there is: default classes of Ingresses, denial of external addresses.</summary>
public sealed class AdmissionTests : IAsyncLifetime
{
    private const string Refusal = "services \"s\" is forbidden: Use of external IPs is denied by admission control";

    private readonly RegistryHarness _api = new();

    public async ValueTask InitializeAsync() => await _api.NamespaceAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task An_Ingress_that_names_no_class_has_the_default_one_from_the_moment_it_is_stored_and_no_other()
    {
        Assert.Equal("", await ClassOfAsync("{}"));
        await ClassAsync("plain", isDefault: false);
        Assert.Equal("", await ClassOfAsync("{}"));
        await ClassAsync("usual");
        Assert.Equal("usual", await ClassOfAsync("{}"));
        Assert.Equal("plain", await ClassOfAsync("{}", "plain"));
        Assert.Equal("", await ClassOfAsync("""{"kubernetes.io/ingress.class":"plain"}"""));
        Assert.Equal("", await ClassOfAsync("""{"kubernetes.io/ingress.class":""}"""));
        await _api.DeleteAsync(ResourceTypes.IngressClasses, "usual");
        Assert.Equal("", await ClassOfAsync("{}"));
    }

    [Fact]
    public async Task Of_several_default_classes_the_newest_is_taken_and_of_those_the_first_by_name()
    {
        await ClassAsync("a-old");
        _api.Time.Advance(TimeSpan.FromSeconds(1));
        await ClassAsync("c-new");
        await ClassAsync("b-new");
        Assert.Equal("b-new", await ClassOfAsync("{}"));
        await _api.PatchAsync(ResourceTypes.IngressClasses, "b-new", """{"metadata":{"annotations":{"ingressclass.kubernetes.io/is-default-class":"false"}}}""");
        Assert.Equal("c-new", await ClassOfAsync("{}"));
    }

    [Fact]
    public async Task A_class_that_is_taken_away_or_was_never_given_stays_so_when_the_Ingress_changes()
    {
        var old = await IngressAsync("{}", "");
        await ClassAsync("usual");
        var name = old.Text("metadata", "name");
        Assert.Equal("", (await _api.PatchAsync(ResourceTypes.Ingresses, name, """{"metadata":{"labels":{"a":"b"}}}""")).Text("spec", "ingressClassName"));
    }

    [Fact]
    public async Task External_addresses_are_taken_unless_they_are_denied()
    {
        await CreateAsync("\"192.0.2.1\"");
        await _api.DeleteAsync(ResourceTypes.Services, "s");
        _api.DenyExternalIPs();
        var refused = await Assert.ThrowsAsync<StatusException>(() => CreateAsync("\"192.0.2.1\""));
        Assert.Equal((403, "Forbidden", Refusal), (refused.Code, refused.Reason, refused.Message));
        await CreateAsync("");
        Assert.Equal(Refusal, (await Assert.ThrowsAsync<StatusException>(() => AddressesAsync("192.0.2.1"))).Message);
    }

    [Fact]
    public async Task What_a_Service_had_before_they_were_denied_it_may_keep_reorder_and_give_up_but_not_take_again()
    {
        await CreateAsync("\"192.0.2.1\", \"192.0.2.2\", \"fd00::1\"");
        _api.DenyExternalIPs();
        await _api.PatchAsync(ResourceTypes.Services, "s", """{"metadata":{"labels":{"a":"b"}}}""");
        await AddressesAsync("fd00::1", "192.0.2.1", "192.0.2.2");
        await AddressesAsync("fd00::1", "192.0.2.1");
        var refused = await Assert.ThrowsAsync<StatusException>(() => AddressesAsync("fd00::1", "192.0.2.2"));
        Assert.Equal((403, Refusal), (refused.Code, refused.Message));

        // A write of the status is none of the Service; a document that is not valid is that first.
        await _api.PatchAsync(ResourceTypes.Services, "s", """{"status":{"conditions":[]}}""", "status");
        Assert.Equal(422, (await Assert.ThrowsAsync<StatusException>(() => AddressesAsync("127.0.0.1"))).Code);
        await AddressesAsync();
        await Assert.ThrowsAsync<StatusException>(() => AddressesAsync("fd00::1"));
    }

    [Fact]
    public async Task Secrets_are_listed_and_watched_by_their_type()
    {
        await SecretAsync("opaque", """{}""");
        await SecretAsync("cert", """{"type":"kubernetes.io/tls","data":{"tls.crt":"YQ==","tls.key":"Yg=="}}""");
        var query = new ListQuery { FieldSelector = "type=kubernetes.io/tls" };
        var list = _api.List(ResourceTypes.Secrets, query);
        Assert.Equal(["cert"], list.Items.Select(item => item.Id.Name));
        Assert.Equal(["opaque"], _api.List(ResourceTypes.Secrets, new ListQuery { FieldSelector = "type!=kubernetes.io/tls" }).Items.Select(item => item.Id.Name));

        await using var watch = _api.Watch(ResourceTypes.Secrets, query with { ResourceVersion = RegistryHarness.Text(_api.Revision) });
        await _api.PatchAsync(ResourceTypes.Secrets, "opaque", """{"data":{"a":"YQ=="}}""");
        await _api.PatchAsync(ResourceTypes.Secrets, "cert", """{"data":{"tls.key":"Yw=="}}""");
        await _api.DeleteAsync(ResourceTypes.Secrets, "cert");
        await SecretAsync("cert", """{}""");
        await SecretAsync("next", """{"type":"kubernetes.io/tls","data":{"tls.crt":"","tls.key":""}}""");
        var seen = new List<string>();
        while (seen.Count < 3 && await watch.MoveNextAsync())
        {
            seen.Add($"{watch.Current.Type} {watch.Current.Object!.Id.Name}");
        }

        Assert.Equal(["Modified cert", "Deleted cert", "Added next"], seen);
    }

    [Fact]
    public async Task An_object_that_leaves_what_its_field_selects_is_deleted_for_the_watch()
    {
        await CreateAsync("");
        await using var watch = _api.Watch(ResourceTypes.Services, new ListQuery { FieldSelector = "spec.type=ClusterIP", ResourceVersion = RegistryHarness.Text(_api.Revision) });
        await _api.PatchAsync(ResourceTypes.Services, "s", """{"spec":{"type":"ExternalName","externalName":"example.org","clusterIP":null,"clusterIPs":null}}""");
        Assert.True(await watch.MoveNextAsync());
        Assert.Equal((WatchItemType.Deleted, "s"), (watch.Current.Type, watch.Current.Object!.Id.Name));
    }

    private Task<JsonObject> SecretAsync(string name, string rest)
    {
        var document = RegistryHarness.Document(rest);
        document["metadata"] = new JsonObject { ["name"] = name };
        return _api.CreateAsync(ResourceTypes.Secrets, document.ToJsonString());
    }

    private Task<JsonObject> ClassAsync(string name, bool isDefault = true) => _api.CreateAsync(ResourceTypes.IngressClasses, $$$"""
        {"metadata":{"name":"{{{name}}}","annotations":{"ingressclass.kubernetes.io/is-default-class":"{{{(isDefault ? "true" : "false")}}}"}},"spec":{"controller":"example.com/controller"}}
        """);

    private async Task<string> ClassOfAsync(string annotations, string className = "") => (await IngressAsync(annotations, className)).Text("spec", "ingressClassName");

    private Task<JsonObject> IngressAsync(string annotations, string className)
    {
        var document = RegistryHarness.Document($$$"""
            {"metadata":{"generateName":"i-","annotations":{{{annotations}}}},"spec":{"defaultBackend":{"service":{"name":"defaultbackend","port":{"number":80}} } } }
            """);
        if (className.Length > 0)
        {
            document["spec"]!["ingressClassName"] = className;
        }

        return _api.CreateAsync(ResourceTypes.Ingresses, document.ToJsonString());
    }

    private Task<JsonObject> CreateAsync(string addresses) => _api.CreateAsync(
        ResourceTypes.Services, $$$"""{"metadata":{"name":"s"},"spec":{"clusterIP":"10.96.0.9","ports":[{"port":80}],"externalIPs":[{{{addresses}}}]}}""");

    private Task<JsonObject> AddressesAsync(params string[] addresses) =>
        _api.PatchAsync(ResourceTypes.Services, "s", new JsonObject { ["spec"] = new JsonObject { ["externalIPs"] = addresses.ToJson() } }.ToJsonString());
}
