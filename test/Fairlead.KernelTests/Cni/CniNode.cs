using System.Text;
using System.Text.Json.Nodes;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Cni;
using Fairlead.Cni.Plugin;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Route;
using Fairlead.Nftables.Kernel;
using Fairlead.State;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.KernelTests.Cni;

/// <summary>
/// A node: a namespace with eth0 on a bridge, and the CNI room in it. The plugin is called as a runtime calls it. In the policy engine's place, every
/// attachment is at once enforced, unless told otherwise.
/// </summary>
internal sealed class CniNode : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("fl-node").FullName;
    private readonly KernelNft _nft;
    private readonly TimeProvider _time;
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    internal CniNode(string name, ClusterTables cluster, TestNetns netns, bool masquerade = false, TimeSpan? enforceTimeout = null, TimeProvider? time = null)
    {
        _time = time ?? TimeProvider.System;
        Netns = netns;
        Cluster = cluster;
        Options = new CniOptions
        {
            NodeName = name,
            Namespace = netns.Namespace,
            StateDirectory = $"{_directory}/state",
            SocketPath = $"{_directory}/cni.sock",
            BinDirectory = $"{_directory}/bin",
            ConfDirectory = $"{_directory}/net.d",
            ProgramPath = "/bin/true",
            Masquerade = masquerade,
            EnforceTimeout = enforceTimeout ?? TimeSpan.FromSeconds(20),
        };
        _nft = netns.Run(KernelNft.Open);
        Follow();
    }

    internal TestNetns Netns { get; }

    internal ClusterTables Cluster { get; }

    internal NodeTables Tables { get; private set; } = new();

    internal CniOptions Options { get; }

    internal bool Enforces { get; set; } = true;

    internal KernelNft Nft => _nft;

    internal string ConfList => $"{Options.ConfDirectory}/05-fairlead.conflist";

    /// <summary>Starts the room and waits until it has installed itself.</summary>
    internal async Task StartAsync()
    {
        Directory.CreateDirectory(Options.ConfDirectory);
        File.Delete(ConfList);
        var installed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var watcher = new FileSystemWatcher(Options.ConfDirectory);
        watcher.Renamed += (_, _) => installed.TrySetResult();
        watcher.EnableRaisingEvents = true;
        _stop = new CancellationTokenSource();
        _running = new CniRoom(Options, Cluster, Tables, _nft, _time, NullLogger.Instance).RunAsync(_stop.Token);
        Tables.Enforced.MarkInitialized();
        if (await Task.WhenAny(installed.Task, _running).WaitAsync(Deadline.Long) == _running)
        {
            await _running;
        }

        Assert.True(File.Exists(ConfList));
    }

    internal async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running);
        _stop.Dispose();
    }

    /// <summary>Starts anew after <see cref="StopAsync"/>, as after kill -9: nothing in memory is left.</summary>
    internal async Task StartAgainAsync()
    {
        Tables = new NodeTables();
        Follow();
        await StartAsync();
    }

    /// <summary>Adds a pod of that name and gives its namespace and addresses.</summary>
    internal async Task<CniPod> PlugAsync(string name, JsonObject? runtimeConfig = null)
    {
        var pod = new CniPod(name);
        var (exit, output) = await CallAsync("ADD", name, pod.Netns.Path, runtimeConfig);
        Assert.True(exit == 0, output);
        pod.Result = (JsonObject)JsonNode.Parse(output)!;
        return pod;
    }

    internal async Task<(int Exit, string Output)> CallAsync(
        string command, string container, string netns, JsonObject? runtimeConfig = null, Action<JsonObject>? change = null)
    {
        var list = JsonNode.Parse(await File.ReadAllTextAsync(ConfList))!;
        var config = (JsonObject)list["plugins"]![0]!.DeepClone();
        config["cniVersion"] = "1.1.0";
        config["name"] = "fairlead";
        config["runtimeConfig"] = runtimeConfig?.DeepClone();
        change?.Invoke(config);
        var environment = new Dictionary<string, string?>
        {
            ["CNI_COMMAND"] = command,
            ["CNI_CONTAINERID"] = container,
            ["CNI_IFNAME"] = "eth0",
            ["CNI_NETNS"] = netns,
            ["CNI_ARGS"] = $"K8S_POD_NAMESPACE=default;K8S_POD_NAME={container};K8S_POD_UID=u-{container}",
        };
        using var output = new MemoryStream();
        var exit = await Task.Run(() => CniPlugin.Run(
            name => environment.GetValueOrDefault(name), new MemoryStream(Encoding.UTF8.GetBytes(config.ToJsonString())), output)).WaitAsync(Deadline.Token());
        return (exit, Encoding.UTF8.GetString(output.ToArray()));
    }

    internal RouteSocket Route() => RouteSocket.Open(Netns.Namespace);

    public async ValueTask DisposeAsync()
    {
        if (!_running.IsCompleted)
        {
            await StopAsync();
        }

        _nft.Dispose();
        Netns.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private void Follow()
    {
        var feed = Tables.Attachments.Subscribe();
        feed.Signalled += () =>
        {
            foreach (var change in feed.Take().Changes)
            {
                EnforceOne(change);
            }
        };
    }

    private void EnforceOne(Change<string, AttachmentRow> change)
    {
        if (change.New is { } row && Enforces)
        {
            Tables.Enforced.Upsert(row.Pod, new EnforcedRow(row.Pod, row.IPs));
        }
        else if (change.Old is { } gone)
        {
            Tables.Enforced.Delete(gone.Pod);
        }
    }
}

/// <summary>A pod's namespace and what ADD said.</summary>
internal sealed class CniPod(string name) : IDisposable
{
    internal string Name { get; } = name;

    internal TestNetns Netns { get; } = new();

    internal JsonObject Result { get; set; } = [];

    internal IpAddr[] IPs => [.. Result["ips"]!.AsArray().Select(ip => IpNet.Parse(ip!["address"]!.GetValue<string>()).Address)];

    internal string HostInterface => Result["interfaces"]![0]!["name"]!.GetValue<string>();

    public void Dispose() => Netns.Dispose();
}
