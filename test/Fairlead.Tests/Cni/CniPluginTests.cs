using System.Text;
using System.Text.Json.Nodes;
using Fairlead.Cni.Plugin;
using Fairlead.Cni.Server;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Cni;

/// <summary>The plugin as a runtime sees it: environment and standard input in, standard output and exit code out.</summary>
public sealed class CniPluginTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("fl-cni").FullName;

    private string SocketPath => Path.Combine(_directory, "cni.sock");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task VERSION_needs_no_agent_and_no_configuration()
    {
        var expected = """{"cniVersion":"1.1.0","supportedVersions":["0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}""";
        Assert.Equal((0, expected), await Run("VERSION", ""));
        Assert.Equal((0, expected), await Run("VERSION", """{"cniVersion":"1.1.0"}"""));
        Assert.Equal((0, expected.Replace("\"1.1.0\",\"supp", "\"1.0.0\",\"supp", StringComparison.Ordinal)), await Run("VERSION", """{"cniVersion":"1.0.0"}"""));
    }

    [Theory]
    [InlineData("ADD", """{"cniVersion":"2.0.0"}""", 1, "c1", "eth0", "/n")]
    [InlineData("ADD", "{}", 1, "c1", "eth0", "/n")]
    [InlineData("ADD", "{", 6, "c1", "eth0", "/n")]
    [InlineData("ADD", "[]", 6, "c1", "eth0", "/n")]
    [InlineData("ADD", "", 6, "c1", "eth0", "/n")]
    [InlineData("ADD", """{"cniVersion":"1.0.0","cniVersion":"1.1.0"}""", 6, "c1", "eth0", "/n")]
    [InlineData("ADD", """{"cniVersion":"1.1.0"}""", 4, "", "eth0", "/n")]
    [InlineData("ADD", """{"cniVersion":"1.1.0"}""", 4, "../c1", "eth0", "/n")]
    [InlineData("ADD", """{"cniVersion":"1.1.0"}""", 4, "c1", "", "/n")]
    [InlineData("ADD", """{"cniVersion":"1.1.0"}""", 4, "c1", "a/b", "/n")]
    [InlineData("ADD", """{"cniVersion":"1.1.0"}""", 4, "c1", "sixteen-letters-", "/n")]
    [InlineData("ADD", """{"cniVersion":"1.1.0"}""", 4, "c1", "eth0", "")]
    [InlineData("EAT", """{"cniVersion":"1.1.0"}""", 4, "c1", "eth0", "/n")]
    [InlineData("", """{"cniVersion":"1.1.0"}""", 4, "c1", "eth0", "/n")]
    [InlineData("ADD", """{"cniVersion":"1.1.0"}""", 11, "c1", "eth0", "/n")]
    [InlineData("DEL", """{"cniVersion":"1.1.0"}""", 11, "c1", "eth0", "")]
    [InlineData("STATUS", """{"cniVersion":"1.1.0"}""", 50, "", "", "")]
    public async Task What_is_wrong_has_its_code_and_exit_code_1(string command, string config, int code, string container, string ifname, string netns)
    {
        if (JsonText(config) is { } json)
        {
            json["socket"] = SocketPath;
            config = json.ToJsonString();
        }

        var (exit, output) = await Run(command, config, container, ifname, netns);
        var error = JsonNode.Parse(output)!;
        Assert.Equal((1, code), (exit, error["code"]!.GetValue<int>()));
        Assert.NotEmpty(error["msg"]!.GetValue<string>());
        Assert.NotNull(error["cniVersion"]);
    }

    [Fact]
    public async Task A_configuration_of_more_than_a_mebibyte_is_refused()
    {
        var (exit, output) = await Run("ADD", new string(' ', (1024 * 1024) + 1));
        Assert.Equal((1, 6), (exit, JsonNode.Parse(output)!["code"]!.GetValue<int>()));
    }

    [Fact]
    public async Task Everything_the_runtime_says_reaches_the_agent_and_its_answer_is_printed_exactly()
    {
        CniRequest? seen = null;
        await using var agent = Serve(request =>
        {
            seen = request;
            return new JsonObject { ["cniVersion"] = "1.0.0", ["ips"] = new JsonArray() };
        });
        var config = $$$"""{"cniVersion":"1.0.0","socket":"{{{SocketPath}}}","runtimeConfig":{"portMappings":[]}}""";
        var answer = await Run("ADD", config);
        Assert.Equal((0, """{"cniVersion":"1.0.0","ips":[]}"""), answer);
        Assert.Equal(("ADD", "c1", "eth0", "/run/netns/x"), (seen!.Command, seen.ContainerId, seen.IfName, seen.Netns));
        Assert.Equal(("shop", "web", ""), (seen.Arg("K8S_POD_NAMESPACE"), seen.Arg("K8S_POD_NAME"), seen.Arg("K8S_POD_UID")));
        Assert.Equal(config, seen.Config.ToJsonString());
    }

    [Fact]
    public async Task An_error_of_the_agent_is_printed_in_the_version_asked_for_and_DEL_prints_nothing()
    {
        await using var agent = Serve(request => request.Command == "DEL" ? null : throw new CniException(CniErrorCode.TryAgainLater, "not now", "why"));
        var config = $$$"""{"cniVersion":"0.4.0","socket":"{{{SocketPath}}}"}""";
        Assert.Equal((1, """{"cniVersion":"0.4.0","code":11,"msg":"not now","details":"why"}"""), await Run("ADD", config));
        Assert.Equal((0, ""), await Run("DEL", config));
    }

    [Fact]
    public async Task The_agents_socket_is_for_root_only_and_a_bad_request_is_answered()
    {
        await using var agent = Serve(_ => null);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(SocketPath));
        }

        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, 0);
        await socket.ConnectAsync(new System.Net.Sockets.UnixDomainSocketEndPoint(SocketPath));
        await socket.SendAsync("nonsense"u8.ToArray());
        socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);
        var buffer = new byte[1000];
        var answer = JsonNode.Parse(buffer.AsSpan(0, await socket.ReceiveAsync(buffer)))!;
        Assert.True(answer["failed"]!.GetValue<bool>());
        Assert.Equal(6, answer["body"]!["code"]!.GetValue<int>());
    }

    private RunningLoop Serve(Func<CniRequest, JsonObject?> answer)
    {
        var server = new CniServer(SocketPath, (request, _) => Task.FromResult(answer(request)), TimeProvider.System, NullLogger.Instance);
        return new RunningLoop(server, server.RunAsync);
    }

    private static JsonObject? JsonText(string text)
    {
        try
        {
            return JsonNode.Parse(text) is JsonObject { Count: > 0 } json ? json : null;
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or ArgumentException)
        {
            return null;
        }
    }

    private static async Task<(int Exit, string Output)> Run(
        string command, string config, string container = "c1", string ifname = "eth0", string netns = "/run/netns/x")
    {
        var environment = new Dictionary<string, string?>
        {
            ["CNI_COMMAND"] = command,
            ["CNI_CONTAINERID"] = container,
            ["CNI_IFNAME"] = ifname,
            ["CNI_NETNS"] = netns,
            ["CNI_ARGS"] = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web",
        };
        using var output = new MemoryStream();
        var exit = await Task.Run(() => CniPlugin.Run(name => environment.GetValueOrDefault(name), new MemoryStream(Encoding.UTF8.GetBytes(config)), output));
        return (exit, Encoding.UTF8.GetString(output.ToArray()));
    }
}
