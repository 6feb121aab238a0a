using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;
using Fairlead.Kube.Client;
using Fairlead.Kube.Kubeconfig;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Route;
using Fairlead.OneMachine;
using Fairlead.Terminal;

namespace Fairlead.Expectations.Packets;

/// <summary>
/// A one-machine cluster for one run, in a network of its own: what is outside of it is that network's, not the machine's, so that any address can be there
/// and nothing of the machine is touched. Disposed, it is gone, whatever happened.
/// </summary>
internal sealed class PacketCluster : IAsyncDisposable
{
    private readonly NetNamespace _network = NetNamespace.Create();
    private readonly string _directory = Directory.CreateTempSubdirectory("fairlead-test-").FullName;
    private readonly OwnProgram _program;
    private readonly Output _output;
    private KubeClient? _api;

    private PacketCluster(Output output)
    {
        _output = output;
        _program = new OwnProgram(_network, Path.Combine(_directory, "config"));
    }

    /// <summary>Its name, unlike any other's.</summary>
    public string Name { get; } = $"t{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";

    /// <summary>What it is.</summary>
    public ClusterSpec Spec { get; private set; } = null!;

    /// <summary>Its API.</summary>
    public IKubeApi Api => _api ?? throw new InvalidOperationException("it is not started");

    /// <summary>Path of the network that is outside of it.</summary>
    public string Outside => _network.Path;

    /// <summary>Starts one.</summary>
    /// <exception cref="UserError">It does not start.</exception>
    public static async Task<PacketCluster> StartAsync(bool dual, ISteps steps, Output output, CancellationToken cancellationToken)
    {
        Preflight.Check();
        var watch = Stopwatch.StartNew();
        var cluster = new PacketCluster(output);
        try
        {
            await cluster.StartAsync(dual);
            cancellationToken.ThrowIfCancellationRequested();
            steps.Done($"cluster {cluster.Name} for this run", watch.Elapsed);
            return cluster;
        }
        catch (Exception)
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Puts addresses there outside, to send from and to.</summary>
    public void AddOutside(IEnumerable<IpAddr> addresses)
    {
        using var route = RouteSocket.Open(_network);
        var lo = route.GetLink("lo").Index;
        foreach (var address in addresses)
        {
            route.AddAddress(new LinkAddress { Link = lo, Address = address, Prefix = address.Family.Bits, NoDuplicateDetection = true });
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _api?.Dispose();
        var (code, said) = await _program.RunAsync(["down", "--name", Name]);
        if (code != ExitCodes.Ok)
        {
            _output.Warn($"cluster {Name} is not down: {said.Trim()}");
        }

        _program.Dispose();
        _network.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task StartAsync(bool dual)
    {
        using (var route = RouteSocket.Open(_network))
        {
            route.SetUp("lo");
        }

        string[] up = ["up", "--detach", "--name", Name, "--no-switch", "--no-ingress", "--ip-family", dual ? "dual" : "ipv4"];
        var (code, said) = await _program.RunAsync(up);
        if (code != ExitCodes.Ok)
        {
            throw new UserError($"the cluster for this run does not start: {said.Trim()}", "`fairlead up` shows whether one does here");
        }

        Spec = Specs.Load(Name) ?? throw new UserError($"the specification of cluster {Name} is gone");
        _api = new KubeClient(KubeconfigReader.Read(new ClusterPaths(Name).AdminKubeconfig) with
        {
            Open = () => _network.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)),
        });
    }
}
