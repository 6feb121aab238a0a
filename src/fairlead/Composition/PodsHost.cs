using Fairlead.Dns.Forward;
using Fairlead.Kube.Client;
using Fairlead.Kube.Kubeconfig;
using Fairlead.Linux.Namespaces;
using Fairlead.OneMachine;
using Fairlead.Pods;
using Fairlead.Terminal;

namespace Fairlead.Composition;

/// <summary>The pods role, told about its cluster by the cluster's specification.</summary>
internal static class PodsHost
{
    /// <summary>Runs until cancelled; containers stay.</summary>
    /// <exception cref="UserError">There is no such cluster.</exception>
    public static async Task<int> RunAsync(string name, CancellationToken cancellationToken)
    {
        var spec = Specs.Load(name) ?? throw new UserError($"there is no cluster {name}", "`fairlead up` starts one, and this role with it");
        var paths = new ClusterPaths(name);
        using var loggers = new FileLoggerFactory();
        using var api = new KubeClient(KubeconfigReader.Read(paths.Kubeconfig("pods")));
        await PodsRole.RunAsync(Options(spec, paths), api, loggers, TimeProvider.System, cancellationToken);
        return ExitCodes.Ok;
    }

    private static PodsOptions Options(ClusterSpec spec, ClusterPaths paths) => new()
    {
        ClusterName = spec.Name,
        RunDirectory = paths.Run,
        StateDirectory = paths.State,
        SocketPath = paths.PodsSocket,
        Nodes = [.. Enumerable.Range(1, spec.Nodes).Select(number => Node(spec, paths, number))],
        ClusterDns = [.. spec.Ranges.Select(ranges => ranges.DnsService.ToIPAddress())],
        HostResolvConf = HostResolvConf(),
        MaskedPaths = [ClusterPaths.StateHome, ClusterPaths.RunHome, .. UserKubeconfig.Candidates()],
    };

    /// <summary>The host's resolv.conf; that of the servers behind systemd-resolved's stub where it names the stub, which pods cannot reach.</summary>
    private static string HostResolvConf()
    {
        var text = File.Exists(HostResolvers.ResolvConf) ? File.ReadAllText(HostResolvers.ResolvConf) : "";
        return text.Contains("nameserver 127.0.0.53", StringComparison.Ordinal) && File.Exists(HostResolvers.SystemdResolvConf)
            ? File.ReadAllText(HostResolvers.SystemdResolvConf)
            : text;
    }

    private static PodsNode Node(ClusterSpec spec, ClusterPaths paths, int number)
    {
        var node = spec.NodeName(number);
        return new PodsNode(
            node,
            [.. spec.Ranges.Select(ranges => ranges.Node(number).ToIPAddress())],
            NetNamespace.NamedPath(spec.NodeNamespace(number)),
            Path.Combine(paths.Node(node), "net.d"),
            Path.Combine(paths.Node(node), "bin"),
            ClusterSpec.Zone(number));
    }
}
