using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.ClusterTests.Api;

/// <summary>Logs, exec and attach through the API server to a pods role that is not ours.</summary>
public sealed class StreamTests(ApiFixture api) : IClassFixture<ApiFixture>
{
    [Fact]
    public async Task Logs_are_passed_through_with_their_options()
    {
        await PodAsync("logged", "one");
        Assert.Equal(
            "log of /containerLogs/default/logged/one?timestamps=true&tailLines=5\n",
            api.Kubectl("logs", "logged", "--timestamps", "--tail=5"));
        Assert.EndsWith("the last line\n", api.Kubectl("logs", "-f", "logged"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Exec_passes_command_input_output_and_exit_code()
    {
        await PodAsync("run", "one");
        var (code, output, error) = api.TryKubectl("some input\n", "exec", "-i", "run", "--", "cat", "-", "a b");
        Assert.Equal("/exec/default/run/one cat - a b\nSOME INPUT\n", output);
        Assert.Contains("a word on stderr", error, StringComparison.Ordinal);
        Assert.Equal(7, code);
    }

    [Fact]
    public async Task Attach_goes_the_same_way()
    {
        await PodAsync("joined", "one");
        var (code, output, _) = api.TryKubectl("", "attach", "joined");
        Assert.StartsWith("/attach/default/joined/one", output, StringComparison.Ordinal);
        Assert.Equal(7, code);
    }

    [Fact]
    public async Task A_container_must_be_named_when_there_are_several_and_must_exist()
    {
        await PodAsync("pair", "one", "two");
        Assert.Contains("container three is not valid for pod pair", api.TryKubectl("", "exec", "pair", "-c", "three", "--", "ls").Error + Raw("pair", "three"), StringComparison.Ordinal);
        Assert.Contains("choose one of: [one two]", Raw("pair", ""), StringComparison.Ordinal);
        Assert.StartsWith("log of /containerLogs/default/pair/two", api.Kubectl("logs", "pair", "-c", "two"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_that_is_not_scheduled_or_not_there_is_said_to_be_so()
    {
        await api.Plane.Api.CreateAsync(ResourceTypes.Pods, "default", Pod("idle", "one"), default);
        Assert.Contains("does not have a host assigned", api.TryKubectl("", "exec", "idle", "--", "ls").Error, StringComparison.Ordinal);
        Assert.Contains("pods \"nobody\" not found", api.TryKubectl("", "logs", "nobody").Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_of_the_pods_role_is_not_followed()
    {
        await PodAsync("odd", "broken");
        var (code, _, error) = api.TryKubectl("", "exec", "odd", "--", "ls");
        Assert.Equal(1, code);
        Assert.DoesNotContain("169.254", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_without_WebSocket_is_told_which_one_works()
    {
        await PodAsync("spdy", "one");
        var old = api.RunWith(new() { ["KUBECTL_REMOTE_COMMAND_WEBSOCKETS"] = "false" }, "exec", "spdy", "--", "ls");
        Assert.Equal(1, old.Code);
        Assert.Contains("over WebSocket (v5.channel.k8s.io) only", old.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kubectl/v1.28.4 (linux/amd64) kubernetes/bae2c62", "use kubectl 1.30 or newer, or 1.29 with KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true")]
    [InlineData("kubectl/v1.29.0 (linux/amd64) kubernetes/3f7a50f", "use kubectl 1.30 or newer, or set KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true for this one (1.29)")]
    [InlineData("kubectl/v1.30.13 (linux/amd64) kubernetes/50af91c", "the WebSocket request before it failed")]
    [InlineData("something else", "use kubectl 1.30 or newer")]
    public async Task A_client_of_SPDY_alone_gets_a_Status_that_names_the_oldest_that_works(string agent, string advice)
    {
        var pod = $"spdy-{agent.GetHashCode(StringComparison.Ordinal) & 0xFFFF:x}";
        await PodAsync(pod, "one");
        using var client = api.Client();
        foreach (var verb in (string[])["exec?command=ls&stdout=true", "attach?stdout=true"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/namespaces/default/pods/{pod}/{verb}");
            request.Headers.TryAddWithoutValidation("User-Agent", agent);
            request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
            request.Headers.TryAddWithoutValidation("Upgrade", "SPDY/3.1");
            request.Headers.TryAddWithoutValidation("X-Stream-Protocol-Version", "v4.channel.k8s.io");
            using var answer = await client.SendAsync(request);
            var status = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
            Assert.Equal((400, "Status", "BadRequest"), ((int)answer.StatusCode, (string?)status["kind"], (string?)status["reason"]));
            Assert.Contains("SPDY/3.1", (string?)status["message"], StringComparison.Ordinal);
            Assert.Contains(advice, (string?)status["message"], StringComparison.Ordinal);
        }
    }

    private static JsonObject Pod(string name, params string[] containers) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name },
        ["spec"] = new JsonObject
        {
            ["containers"] = new JsonArray([.. containers.Select(item => (JsonNode)new JsonObject { ["name"] = item, ["image"] = "busybox" })]),
        },
    };

    /// <summary>A pod that runs on a node that is not there, as far as the API knows.</summary>
    private async Task PodAsync(string name, params string[] containers)
    {
        var pod = Pod(name, containers);
        pod["spec"]!["nodeName"] = "nowhere";
        await api.Plane.Api.CreateAsync(ResourceTypes.Pods, "default", pod, default);
        await api.Plane.Api.PatchAsync(
            ResourceTypes.Pods, "default", name, "status", PatchKind.Merge, JsonNode.Parse("""{"status":{"phase":"Running"}}""")!, default);
    }

    private string Raw(string pod, string container) =>
        api.TryKubectl("", "get", "--raw", $"/api/v1/namespaces/default/pods/{pod}/log?container={container}").Error;
}
