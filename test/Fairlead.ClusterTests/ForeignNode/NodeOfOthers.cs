using System.Diagnostics;
using System.Text.Json.Nodes;
using Fairlead.ClusterTests.OneMachine;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.ForeignNode;

/// <summary>A machine with the agent on it, and the calls that containerd makes there.</summary>
internal sealed class NodeOfOthers(string name, int number, string clusterDirectory) : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateDirectory(Path.Combine(clusterDirectory, name)).FullName;
    private readonly List<string> _log = [];
    private readonly SemaphoreSlim _lines = new(0);
    private Process? _agent;

    public string Name => name;

    public TestNetns Netns { get; } = new();

    public string Address => $"172.29.0.{10 + number}";

    public string Address6 => $"fd29::{10 + number}";

    public string[] Addresses => [Address, Address6];

    public string[] Ranges => [$"10.200.{number}.0/24", $"fd00:200:{number}::/64"];

    public string BinDirectory => Path.Combine(_directory, "bin");

    public string ConfDirectory => Path.Combine(_directory, "net.d");

    public string ConfList => Path.Combine(ConfDirectory, "05-fairlead.conflist");

    public string Plugin => Path.Combine(BinDirectory, "fairlead-cni");

    public string StateDirectory => Path.Combine(_directory, "state");

    public string Socket => Path.Combine(_directory, "cni.sock");

    public string InspectSocket => Path.Combine(_directory, "inspect.sock");

    public string Log
    {
        get
        {
            lock (_log)
            {
                return string.Join('\n', _log);
            }
        }
    }

    public JsonObject RangeSpec() => new() { ["podCIDR"] = Ranges[0], ["podCIDRs"] = new JsonArray([.. Ranges.Select(range => JsonValue.Create(range))]) };

    public void StartAgent()
    {
        var start = new ProcessStartInfo("nsenter", AgentCommand("--kubeconfig", Path.Combine(clusterDirectory, $"{name}.kubeconfig"), "--node-name", name, "--masquerade"))
        {
            RedirectStandardError = true,
        };
        _agent = Process.Start(start)!;
        _agent.ErrorDataReceived += (_, line) =>
        {
            lock (_log)
            {
                _log.Add(line.Data ?? "");
            }

            _lines.Release();
        };
        _agent.BeginErrorReadLine();
    }

    /// <summary>Waits until the agent that runs now has said it.</summary>
    public async Task SaysAsync(string text)
    {
        while (!Log.Contains(text, StringComparison.Ordinal))
        {
            Assert.True(await _lines.WaitAsync(Deadline.Long), $"{name} does not say '{text}':\n{Log}");
        }
    }

    public Task ReadyAsync() => SaysAsync("Plugin and configuration installed");

    /// <summary>Ends the agent: SIGTERM or SIGKILL.</summary>
    public async Task EndAgentAsync(string signal)
    {
        Tool.Run("kill", $"-{signal}", $"{_agent!.Id}");
        await _agent.WaitForExitAsync(Deadline.Token());
        _agent.Dispose();
        _agent = null;
        lock (_log)
        {
            _log.Clear();
        }
    }

    public (int Code, string Output, string Error) CleanUp() => Tool.TryRun("nsenter", "", AgentCommand("--cleanup"));

    /// <summary>ADD of a pod's first interface; fails the test when the plugin fails.</summary>
    public JsonObject Add(PodOfOthers pod)
    {
        var (code, output) = Cni("ADD", pod);
        Assert.True(code == 0, $"ADD {pod.Name} on {name}: {output?.ToJsonString()}\n{Log}");
        return output!;
    }

    /// <summary>Executes the plugin for a pod, with the result of its ADD for the verbs that get it.</summary>
    public (int Code, JsonObject? Output) Cni(string command, PodOfOthers pod)
    {
        var more = new JsonObject { ["runtimeConfig"] = new JsonObject { ["portMappings"] = new JsonArray() } };
        if (command is "CHECK" or "DEL")
        {
            more["prevResult"] = pod.Result.DeepClone();
        }

        var environment = new Dictionary<string, string>
        {
            ["CNI_CONTAINERID"] = pod.ContainerId,
            ["CNI_NETNS"] = pod.Netns.Path,
            ["CNI_IFNAME"] = "eth0",
            ["CNI_ARGS"] = $"IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME={pod.Name};K8S_POD_INFRA_CONTAINER_ID={pod.ContainerId};K8S_POD_UID={pod.Uid}",
        };
        return Cni(command, pod.Version, environment, more);
    }

    /// <summary>Executes the plugin for no pod in particular.</summary>
    public (int Code, JsonObject? Output) Cni(string command, string version, JsonObject? more = null) => Cni(command, version, [], more ?? []);

    public async ValueTask DisposeAsync()
    {
        if (_agent is not null)
        {
            await EndAgentAsync("KILL");
        }

        Netns.Dispose();
        _lines.Dispose();
    }

    /// <summary>
    /// As libcni does: the list's name and the version chosen from it go into the plugin's own object, capabilities become runtimeConfig.
    /// </summary>
    private (int Code, JsonObject? Output) Cni(string command, string version, Dictionary<string, string> environment, JsonObject more)
    {
        var list = JsonNode.Parse(File.ReadAllText(ConfList))!.AsObject();
        Assert.Contains(version, list["cniVersions"]!.AsArray().Select(one => (string?)one));
        var config = list["plugins"]!.AsArray().Single()!.DeepClone().AsObject();
        config.Remove("capabilities");
        (config["name"], config["cniVersion"]) = ((string?)list["name"], version);
        foreach (var (key, value) in more)
        {
            config[key] = value?.DeepClone();
        }

        string[] variables = [$"CNI_COMMAND={command}", $"CNI_PATH={BinDirectory}", .. environment.Select(pair => $"{pair.Key}={pair.Value}")];
        var program = Path.Combine(BinDirectory, (string)config["type"]!);
        var (code, output, error) = Tool.TryRun("nsenter", config.ToJsonString(), [$"--net={Netns.Path}", "env", .. variables, program]);
        Assert.Equal("", error);
        return (code, output.Length == 0 ? null : JsonNode.Parse(output)!.AsObject());
    }

    /// <summary>What nsenter needs to run the agent on the node.</summary>
    public string[] AgentCommand(params string[] more) =>
    [
        $"--net={Netns.Path}", ClusterFixture.BuiltProgram, "agent", "--cni-bin-dir", BinDirectory, "--cni-conf-dir", ConfDirectory,
        "--state-dir", StateDirectory, "--socket", Socket, .. more,
    ];
}
