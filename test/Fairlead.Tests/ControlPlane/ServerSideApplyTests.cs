using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Apply;
using Fairlead.ControlPlane.Registry;
using Fairlead.Kube.Client;

namespace Fairlead.Tests.ControlPlane;

public sealed class ServerSideApplyTests
{
    private const string Web = """
        {"metadata":{"labels":{"a":"1"}},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},
         "spec":{"containers":[{"name":"c","image":"i","ports":[{"containerPort":80,"name":"http"}]}]}}}}
        """;

    private static readonly string[] TwoLabels = ["a=1", "b=2"];

    [Fact]
    public async Task The_first_apply_makes_the_object_and_the_second_of_the_same_writes_nothing()
    {
        await using var api = new RegistryHarness();
        await api.NamespaceAsync();
        var first = await ApplyAsync(api, Web);
        Assert.Equal(["kubectl Apply"], Managers(first));
        var revision = api.Revision;
        await ApplyAsync(api, Web);
        Assert.Equal(revision, api.Revision);
    }

    [Fact]
    public async Task Defaults_are_owned_by_nobody_and_keys_are_complete()
    {
        await using var api = new RegistryHarness();
        await api.NamespaceAsync();
        var fields = FieldManagerEntry.ReadAll(await ApplyAsync(api, Web)).Single().Fields.Select(FieldsV1.Describe).ToList();
        Assert.Contains(""".spec.template.spec.containers[name="c"].ports[containerPort=80,protocol="TCP"].name""", fields);
        Assert.DoesNotContain(".spec.progressDeadlineSeconds", fields);
        Assert.DoesNotContain(fields, field => field.Contains("uid", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_field_of_another_manager_is_a_conflict_that_force_settles()
    {
        await using var api = new RegistryHarness();
        await api.NamespaceAsync();
        await ApplyAsync(api, Web);
        await api.Registry.PatchAsync(
            RegistryHarness.Kind(ResourceTypes.Deployments), "default", "web", "scale", PatchKind.Merge,
            RegistryHarness.Document("""{"spec":{"replicas":5}}"""), new WriteOptions { FieldManager = "robot" });
        var refusal = await Assert.ThrowsAsync<StatusException>(() => ApplyAsync(api, Web));
        Assert.Equal(409, refusal.Code);
        Assert.Equal(
            """Apply failed with 1 conflict: conflict with "robot" with subresource "scale" using apps/v1: .spec.replicas""", refusal.Message);
        Assert.Equal("FieldManagerConflict", refusal.ToStatus()["details"]!["causes"]![0]!["reason"]!.GetValue<string>());
        var forced = await ApplyAsync(api, Web, force: true);
        Assert.Equal(2, forced["spec"]!["replicas"]!.GetValue<int>());
        Assert.Equal(["kubectl Apply"], Managers(forced));
    }

    [Fact]
    public async Task The_same_value_is_owned_by_both()
    {
        await using var api = new RegistryHarness();
        await api.NamespaceAsync();
        await ApplyAsync(api, Web);
        Assert.Equal(["kubectl Apply", "other Apply"], Managers(await ApplyAsync(api, Web, "other")));
        var less = Web.Replace("\"a\":\"1\"", "", StringComparison.Ordinal);
        Assert.Equal("1", (await ApplyAsync(api, less))["metadata"]!["labels"]!["a"]!.GetValue<string>());
        Assert.Null((await ApplyAsync(api, less, "other"))["metadata"]!["labels"]);
    }

    [Fact]
    public async Task What_a_manager_applies_no_longer_goes_and_what_others_added_stays()
    {
        await using var api = new RegistryHarness();
        await api.NamespaceAsync();
        await ApplyAsync(api, Web);
        await api.Registry.PatchAsync(
            RegistryHarness.Kind(ResourceTypes.Deployments), "default", "web", "", PatchKind.Strategic,
            RegistryHarness.Document("""{"metadata":{"labels":{"b":"2"}},"spec":{"template":{"spec":{"containers":[{"name":"d","image":"j"}]}}}}"""),
            new WriteOptions { FieldManager = "robot" });
        var changed = await ApplyAsync(
            api, Web.Replace(""","ports":[{"containerPort":80,"name":"http"}]""", "", StringComparison.Ordinal).Replace("\"i\"", "\"i2\"", StringComparison.Ordinal));
        var containers = changed["spec"]!["template"]!["spec"]!["containers"]!.AsArray();
        Assert.Equal(["c i2", "d j"], containers.Select(item => $"{item!["name"]} {item["image"]}"));
        Assert.Null(containers[0]!["ports"]);
        Assert.Equal(TwoLabels, changed["metadata"]!["labels"]!.AsObject().Select(pair => $"{pair.Key}={pair.Value}"));
    }

    [Fact]
    public async Task An_object_without_managed_fields_belongs_to_whoever_was_before()
    {
        await using var api = new RegistryHarness();
        await api.NamespaceAsync();
        await api.CreateAsync(ResourceTypes.ConfigMaps, """{"metadata":{"name":"c"},"data":{"k":"old","kept":"x"}}""");
        var body = RegistryHarness.Document("""{"data":{"k":"new"}}""");
        var kind = RegistryHarness.Kind(ResourceTypes.ConfigMaps);
        var options = new WriteOptions { FieldManager = "me" };
        var refusal = await Assert.ThrowsAsync<StatusException>(() => api.Registry.ApplyAsync(kind, "default", "c", "", body, options));
        Assert.Contains("\"before-first-apply\" using v1: .data.k", refusal.Message, StringComparison.Ordinal);
        var forced = (await api.Registry.ApplyAsync(kind, "default", "c", "", body, options with { Force = true })).Object.Parse();
        Assert.Equal("new x", $"{forced["data"]!["k"]} {forced["data"]!["kept"]}");
    }

    [Fact]
    public void A_set_of_fields_survives_its_document()
    {
        HashSet<string> paths = ["\nf:a", "\nf:a\nf:b", "\nf:l\nk:{\"name\":\"x\"}", "\nf:l\nk:{\"name\":\"x\"}\nf:name", "\nf:s\nv:\"y\""];
        var json = FieldsV1.Write(paths);
        Assert.Equal("""{"f:a":{".":{},"f:b":{}},"f:l":{"k:{\u0022name\u0022:\u0022x\u0022}":{".":{},"f:name":{}}},"f:s":{"v:\u0022y\u0022":{}}}""", json.ToJsonString());
        Assert.True(FieldsV1.Read(json).SetEquals(paths));
    }

    private static async Task<JsonObject> ApplyAsync(RegistryHarness api, string json, string manager = "kubectl", bool force = false)
    {
        var kind = RegistryHarness.Kind(ResourceTypes.Deployments);
        var body = RegistryHarness.Document(json);
        SchemaGate.Decode(kind, body, [], FieldValidation.Strict);
        return (await api.Registry.ApplyAsync(kind, "default", "web", "", body, new WriteOptions { FieldManager = manager, Force = force })).Object.Parse();
    }

    private static string[] Managers(JsonObject value) => [.. FieldManagerEntry.ReadAll(value).Select(entry => $"{entry.Manager} {entry.Operation}")];
}
