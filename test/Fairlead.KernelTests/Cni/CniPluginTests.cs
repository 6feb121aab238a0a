using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Cni;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Route;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Cni;

/// <summary>The protocol against a real agent and a real kernel.</summary>
public sealed class CniPluginTests : IAsyncDisposable
{
    private readonly CniFabric _fabric = new();

    public ValueTask DisposeAsync() => _fabric.DisposeAsync();

    [Fact]
    public async Task ADD_answers_what_was_made()
    {
        var node = await _fabric.StartNodeAsync(1, mtu: 1400);
        using var pod = await node.PlugAsync("web");
        Assert.Equal(["10.244.1.2", "fd00:244:1::2"], pod.IPs.Select(ip => ip.ToString()));
        using var inside = RouteSocket.Open(pod.Netns.Namespace);
        using var outside = node.Route();
        var (inner, outer) = (inside.GetLink("eth0"), outside.GetLink(pod.HostInterface));
        var expected = $$$"""
            {"cniVersion":"1.1.0","interfaces":[
            {"name":"{{{pod.HostInterface}}}","mac":"{{{outer.Address}}}","mtu":1400},
            {"name":"eth0","mac":"{{{inner.Address}}}","sandbox":"{{{pod.Netns.Path}}}","mtu":1400}],
            "ips":[{"interface":1,"address":"10.244.1.2/32","gateway":"169.254.1.1"},{"interface":1,"address":"fd00:244:1::2/128","gateway":"fe80::1"}],
            "routes":[{"dst":"0.0.0.0/0","gw":"169.254.1.1"},{"dst":"::/0","gw":"fe80::1"}],"dns":{}}
            """;
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), pod.Result), pod.Result.ToJsonString());
        Assert.Equal((1400, 1400, true, true), (inner.Mtu, outer.Mtu, inner.IsUp, outer.IsUp));
        Assert.Equal("pod default/web", outer.Alias);
        var row = node.Tables.Attachments.Get("web/eth0");
        Assert.Equal((new ObjectKey("default", "web"), "u-web", pod.HostInterface), (row!.Pod, row.PodUid, row.HostInterface));
    }

    [Fact]
    public async Task Older_versions_get_their_own_form()
    {
        var node = await _fabric.StartNodeAsync(1);
        using var pod = new CniPod("old");
        var (exit, output) = await node.CallAsync("ADD", "old", pod.Netns.Path, null, config => config["cniVersion"] = "0.4.0");
        Assert.Equal(0, exit);
        var result = JsonNode.Parse(output)!;
        Assert.Equal("0.4.0", result["cniVersion"]!.GetValue<string>());
        Assert.Equal("6", result["ips"]![1]!["version"]!.GetValue<string>());
        Assert.Null(result["interfaces"]![0]!["mtu"]);
    }

    [Fact]
    public async Task A_second_ADD_is_refused_and_changes_nothing()
    {
        var node = await _fabric.StartNodeAsync(1);
        using var pod = await node.PlugAsync("web");
        Assert.Equal(100, await CodeOf(node, "ADD", "web", pod));
        Assert.Equal((0, ""), await node.CallAsync("CHECK", "web", pod.Netns.Path));
        using var taken = new CniPod("taken");
        using (var inside = RouteSocket.Open(taken.Netns.Namespace))
        {
            inside.CreateLink("eth0", "bridge");
        }

        Assert.Equal(100, await CodeOf(node, "ADD", "taken", taken));
        Assert.Null(node.Tables.Attachments.Get("taken/eth0"));
    }

    [Fact]
    public async Task DEL_removes_everything_and_may_be_repeated()
    {
        var node = await _fabric.StartNodeAsync(1);
        var before = await Look(node);
        using var pod = await node.PlugAsync("web", Ports(80, 8080));
        Assert.NotEqual(before, await Look(node));
        Assert.Equal((0, ""), await node.CallAsync("DEL", "web", pod.Netns.Path));
        Assert.Equal(before, await Look(node));
        Assert.Equal((0, ""), await node.CallAsync("DEL", "web", pod.Netns.Path));
        Assert.Equal((0, ""), await node.CallAsync("DEL", "web", ""));
        Assert.Equal((0, ""), await node.CallAsync("DEL", "never", ""));
        Assert.Empty(node.Tables.Attachments.Snapshot());
        await node.StopAsync();
        await node.StartAgainAsync();
        Assert.Empty(node.Tables.Attachments.Snapshot());
    }

    [Fact]
    public async Task DEL_works_when_the_namespace_is_gone()
    {
        var node = await _fabric.StartNodeAsync(1);
        var before = await Look(node);
        var pod = await node.PlugAsync("web");
        pod.Dispose();
        Assert.Equal((0, ""), await node.CallAsync("DEL", "web", "/run/netns/gone"));
        Assert.Equal(before, await Look(node));
    }

    [Fact]
    public async Task CHECK_names_the_damage()
    {
        var node = await _fabric.StartNodeAsync(1);
        using var pod = await node.PlugAsync("web");
        Assert.Equal((0, ""), await node.CallAsync("CHECK", "web", pod.Netns.Path, null, config => config["prevResult"] = pod.Result.DeepClone()));
        Assert.Contains("prevResult", await Damage(config => config["prevResult"] = new JsonObject { ["ips"] = new JsonArray() }), StringComparison.Ordinal);
        using var inside = RouteSocket.Open(pod.Netns.Namespace);
        using var outside = node.Route();
        var route = inside.Routes(IpFamily.V6).Find(one => one.Destination.Prefix == 0)!;
        inside.DeleteRoute(route);
        Assert.Contains("default route via fe80::1", await Damage(), StringComparison.Ordinal);
        inside.AddRoute(route);

        // The room puts back a route that is merely gone.
        var own = outside.Routes(IpFamily.V4).Find(one => one.Destination.ToString() == "10.244.1.2/32")!;
        outside.ReplaceRoute(own with { Protocol = 3, Link = outside.GetLink("eth0").Index });
        Assert.Contains("route to 10.244.1.2", await Damage(), StringComparison.Ordinal);
        inside.ChangeLink(inside.GetLink("eth0").Index, new LinkChange { Up = false });
        Assert.Contains("eth0 is down", await Damage(), StringComparison.Ordinal);
        inside.DeleteLink("eth0");
        Assert.Contains("is gone", await Damage(), StringComparison.Ordinal);
        Assert.Equal(3, await CodeOf(node, "CHECK", "other", pod));

        async Task<string> Damage(Action<JsonObject>? change = null)
        {
            var (exit, output) = await node.CallAsync("CHECK", "web", pod.Netns.Path, null, change);
            var error = JsonNode.Parse(output)!;
            Assert.Equal((1, 101), (exit, error["code"]!.GetValue<int>()));
            return error["msg"]!.GetValue<string>();
        }
    }

    [Fact]
    public async Task GC_removes_what_the_runtime_does_not_know()
    {
        var node = await _fabric.StartNodeAsync(1);
        using var keep = await node.PlugAsync("keep");
        using var leak = await node.PlugAsync("leak");
        var valid = new JsonArray { new JsonObject { ["containerID"] = "keep", ["ifname"] = "eth0" } };
        Assert.Equal((0, ""), await node.CallAsync("GC", "", "", null, config => config["cni.dev/valid-attachments"] = valid));
        Assert.Equal(["keep/eth0"], node.Tables.Attachments.Snapshot().Keys);
        using var outside = node.Route();
        Assert.Null(outside.FindLink(leak.HostInterface));
        Assert.NotNull(outside.FindLink(keep.HostInterface));
        var (exit, output) = await node.CallAsync("GC", "", "");
        Assert.Equal((1, 7), (exit, JsonNode.Parse(output)!["code"]!.GetValue<int>()));
    }

    [Fact]
    public async Task A_pod_whose_policies_are_not_in_force_is_not_added_and_leaves_nothing()
    {
        var node = await _fabric.StartNodeAsync(1, enforceTimeout: TimeSpan.FromMilliseconds(300));
        var before = await Look(node);
        node.Enforces = false;
        using var pod = new CniPod("web");
        var (exit, output) = await node.CallAsync("ADD", "web", pod.Netns.Path);
        var error = JsonNode.Parse(output)!;
        Assert.Equal((1, 11), (exit, error["code"]!.GetValue<int>()));
        Assert.Contains("policies of default/web", error["msg"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal(before, await Look(node));
    }

    [Fact]
    public async Task STATUS_and_ADD_say_what_is_missing_while_the_node_has_no_pod_range()
    {
        var node = await _fabric.StartNodeAsync(1);
        Assert.Equal((0, ""), await node.CallAsync("STATUS", "", ""));
        using var routes = node.Netns.Run(RouteMonitor.Open);
        _fabric.Cluster.Nodes.Upsert("n1", CniFabric.Row(1) with { PodCIDRs = default });
        await foreach (var change in routes.ReadAsync(Deadline.Token()))
        {
            // The room has seen the row once it has removed its own range's route, and only then gives up its range.
            if (change is { Removed: true, Route: { } route } && route.Destination == CniFabric.Row(1).PodCIDRs[1])
            {
                break;
            }
        }

        using var pod = new CniPod("web");
        int code;
        var deadline = Deadline.Token();
        while ((code = await CodeOf(node, "STATUS", "", pod)) == 0)
        {
            deadline.ThrowIfCancellationRequested();
        }

        Assert.Equal(50, code);
        var (_, output) = await node.CallAsync("ADD", "web", pod.Netns.Path);
        Assert.Equal(11, JsonNode.Parse(output)!["code"]!.GetValue<int>());
        Assert.Contains("podCIDRs", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_without_a_name_or_namespace_path_is_refused()
    {
        var node = await _fabric.StartNodeAsync(1);
        var (exit, output) = await node.CallAsync("ADD", "web", "/no/such/namespace");
        Assert.Equal((1, 3), (exit, JsonNode.Parse(output)!["code"]!.GetValue<int>()));
        Assert.Contains("/no/such/namespace", output, StringComparison.Ordinal);
        Assert.Empty(node.Tables.Attachments.Snapshot());
    }

    [Fact]
    public async Task Clean_up_leaves_the_node_as_it_was()
    {
        var node = await _fabric.StartNodeAsync(1);
        await _fabric.StartNodeAsync(2);
        using var pod = await node.PlugAsync("web");
        await node.StopAsync();
        await CniRoom.CleanUpAsync(node.Options, node.Nft, default);
        await CniRoom.CleanUpAsync(node.Options, node.Nft, default);
        Assert.Empty(Directory.GetFiles(node.Options.ConfDirectory));
        Assert.Empty(Directory.GetFiles(node.Options.BinDirectory));
        Assert.False(Directory.Exists(node.Options.StateDirectory));
        using var outside = node.Route();
        Assert.Equal(["eth0", "lo"], outside.Links().Select(link => link.Name).Order());
        Assert.All(IpFamily.All, family => Assert.Empty(outside.Routes(family, 76)));
        Assert.Equal("", Tool.RunIn(node.Netns, "nft", "list", "ruleset"));
    }

    internal static JsonObject Ports(int hostPort, int containerPort, string protocol = "tcp", string hostIP = "") => new()
    {
        ["portMappings"] = new JsonArray
        {
            new JsonObject { ["hostPort"] = hostPort, ["containerPort"] = containerPort, ["protocol"] = protocol, ["hostIP"] = hostIP },
        },
    };

    private static async Task<int> CodeOf(CniNode node, string command, string container, CniPod pod)
    {
        var (exit, output) = await node.CallAsync(command, container, pod.Netns.Path);
        return exit == 0 ? 0 : JsonNode.Parse(output)!["code"]!.GetValue<int>();
    }

    private static async Task<string> Look(CniNode node)
    {
        using var route = node.Route();
        var links = route.Links().Select(link => link.Name).Order();
        var routes = IpFamily.All.SelectMany(family => route.Routes(family)).Select(one => one.ToString()).Where(one => !one.Contains("fe80", StringComparison.Ordinal)).Order();
        return string.Join('\n', links.Concat(routes)) + Tool.RunIn(node.Netns, "nft", "list", "ruleset") + (await node.Nft.ReadAsync("fairlead-pods", default) is null);
    }
}
