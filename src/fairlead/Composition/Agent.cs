using System.Net;
using System.Net.Sockets;
using Fairlead.Balancer;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Reflectors;
using Fairlead.Cni;
using Fairlead.Dns;
using Fairlead.Dns.Metrics;
using Fairlead.Dns.Server;
using Fairlead.Kube.Client;
using Fairlead.Linux.Conntrack;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Route;
using Fairlead.Nftables.Kernel;
using Fairlead.Policy;
using Fairlead.Policy.Drops;
using Fairlead.Proxy;
using Fairlead.Proxy.Conntrack;
using Fairlead.Serving;
using Fairlead.State;
using Fairlead.Terminal;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fairlead.Composition;

/// <summary>The node agent: the tables, the reflectors that fill them, and the rooms that read them, in this process's network namespace.</summary>
internal static class Agent
{
    /// <summary>Runs until cancelled; what it made on the node stays and keeps working.</summary>
    public static async Task<int> RunAsync(AgentOptions options, CancellationToken cancellationToken)
    {
        using var loggers = new FileLoggerFactory();
        var time = TimeProvider.System;
        var (cluster, node) = (new ClusterTables(), new NodeTables());
        var connection = ClusterConnection.Of(options.Kubeconfig);
        using var api = new KubeClient(connection);
        loggers.CreateLogger("agent").Starting(options.NodeName, connection.Server);
        using var netns = NetNamespace.Current();
        using var nft = KernelNft.Open();
        using var flows = ConntrackSocket.Open();

        await TellOfOthersAsync(nft, loggers.CreateLogger("agent"), cancellationToken);

        // A connection of its own: no commit waits while somebody reads a large table.
        using var inspected = KernelNft.Open();
        ConntrackSettings.Apply(Environment.ProcessorCount, loggers.CreateLogger("proxy"));
        var reflectors = new ClusterReflectors(api, cluster, time, loggers.CreateLogger("reflector")) { ConfigMap = Dns(options).Corefile };
        var cni = new CniRoom(Cni(options, netns), cluster, node, nft, time, loggers.CreateLogger("cni"));
        var addresses = new NodeAddresses();
        using var proxy = new ProxyRoom(Proxy(options), cluster, nft, flows, time, loggers.CreateLogger("proxy"), addresses);
        var dns = new DnsRoom(cluster, Dns(options), InheritedSockets.Take(Environment.GetEnvironmentVariables()), time, loggers.CreateLogger("dns"));
        using var drops = DropLog.Open(options.NodeName, cluster, inspected, time, loggers.CreateLogger("policy"));
        var dropEvents = new DropEvents(api, cluster, options.NodeName, time, loggers.CreateLogger("policy"));
        drops.Dropped += dropEvents.Tell;
        var policy = new PolicyRoom(cluster, node, options.NodeName, nft, flows, time, new Logger<PolicyRoom>(loggers)) { Drops = drops };
        using var inspection = new InspectionEndpoint(
            proxy, inspected, new DnsExplanationPage(dns, cluster), new DnsStatusPage(dns, cluster, options.NodeName),
            new DropsPage(drops, cluster, options.NodeName, time), policy);
        using var dnsMetrics = new DnsMetrics(dns);
        using var dnsText = new PrometheusText(dnsMetrics.Meter) { Histograms = dnsMetrics.Histograms };
        using var health = new NodeHealth(proxy.Health, cluster, options.NodeName, time);
        using var metrics = new PrometheusText(proxy.Meter, health.Meter, drops.Metrics.Meter);
        var dnsEvents = new DnsConfigEvents(api, options.NodeName, time, loggers.CreateLogger("dns"));
        dns.ConfigJudged += dnsEvents.Tell;
        dns.ImportsRefused += dnsEvents.Tell;
        var dnsPages = new DnsPages(dns, dnsText);
        Task[] rooms =
        [
            reflectors.RunAsync(cancellationToken),
            cni.RunAsync(cancellationToken),
            policy.RunAsync(cancellationToken),
            drops.RunAsync(cancellationToken),
            dropEvents.RunAsync(cancellationToken),
            proxy.RunAsync(cancellationToken),
            .. options.NodePortRanges.Count == 0 ? [] : (Task[])[addresses.RunAsync(netns, cancellationToken)],
            new HealthCheckPorts(proxy.HealthChecks, proxy.Health, loggers, time).RunAsync(cancellationToken),
            .. Serve(new UnixDomainSocketEndPoint(options.InspectSocket), inspection.AnswerAsync),
            .. Serve(options.HealthEndpoint, health.AnswerAsync),
            .. Serve(options.DnsMetricsEndpoint, dnsPages.AnswerAsync),
            new DnsPageServers(dns, dnsPages, loggers, time).RunAsync(cancellationToken),
            .. Serve(options.MetricsEndpoint, new ProxyPages(options, Proxy(options), metrics).AnswerAsync),
            dns.RunAsync(cancellationToken),
            dnsEvents.RunAsync(cancellationToken),
            new PolicyFaultEvents(api, cluster, options.NodeName, time, loggers.CreateLogger("policy")).RunAsync(cancellationToken),
            new AnnouncerRoom(cluster, options.NodeName, netns, time, loggers.CreateLogger("announcer")).RunAsync(cancellationToken),
            HeapTrim.OfProcess(time).RunAsync(proxy.WaitUntilCommittedAsync(cancellationToken), cancellationToken),
        ];

        // A room that ends has failed; the supervisor (or kubelet) starts the agent anew, and it adopts what is there.
        await await Task.WhenAny(rooms);
        return ExitCodes.Ok;

        IEnumerable<Task> Serve(EndPoint? listen, RequestDelegate handler) =>
            listen is null ? [] : [HttpEndpoint.ServeAsync(listen, handler, loggers, time, cancellationToken)];
    }

    private static async Task TellOfOthersAsync(KernelNft nft, ILogger log, CancellationToken cancellationToken)
    {
        using var route = RouteSocket.Open();
        var chains = await nft.ListChainsAsync(cancellationToken);
        foreach (var finding in OtherNetworking.Find(chains, route.Links().Select(link => link.Name)))
        {
            log.BesideOthers(finding);
        }
    }

    /// <summary>Removes everything the agent made on this node; what is switched on for forwarding stays, since others may count on it by now.</summary>
    /// <exception cref="UserError">The agent is running.</exception>
    public static async Task<int> CleanUpAsync(AgentOptions options, CancellationToken cancellationToken)
    {
        using var netns = NetNamespace.Current();
        using var nft = KernelNft.Open();
        if (await IsServedAsync(options.Socket, cancellationToken))
        {
            throw new UserError($"the agent of this node is running: it answers at {options.Socket}", "stop it first; it would make anew what is removed");
        }

        await CniRoom.CleanUpAsync(Cni(options, netns), nft, cancellationToken);
        await PolicyRoom.CleanUpAsync(nft, cancellationToken);
        await ProxyRoom.CleanUpAsync(nft, cancellationToken);
        AnnouncerRoom.CleanUp();
        DnsRoom.CleanUp();
        File.Delete(options.InspectSocket);
        return ExitCodes.Ok;
    }

    private static async Task<bool> IsServedAsync(string path, CancellationToken cancellationToken)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static ProxyOptions Proxy(AgentOptions options) => new()
    {
        NodeName = options.NodeName,
        ServiceRanges = options.ServiceRanges.ToValueArray(),
        ClusterIpFromOutside = options.ClusterIpFromOutside,
        NodePortRanges = options.NodePortRanges.ToValueArray(),
        ExternalIPRanges = options.ExternalIPRanges.ToValueArray(),
    };

    private static DnsOptions Dns(AgentOptions options) => new()
    {
        NodeName = options.NodeName,
        Upstreams = options.DnsUpstreams,
        ClusterRanges = [.. options.PodRanges, .. options.ServiceRanges],

        // Where kubeadm, and every guide to CoreDNS on Kubernetes, have it.
        Corefile = new ObjectKey("kube-system", "coredns"),

        // What is 10.96.0.10 elsewhere may be anybody's here: the cluster says its DNS address.
        FallbackAddresses = [],
    };

    private static CniOptions Cni(AgentOptions options, NetNamespace netns) => new()
    {
        NodeName = options.NodeName,
        Namespace = netns,
        StateDirectory = Path.Combine(options.StateDirectory, "cni"),
        SocketPath = options.Socket,
        BinDirectory = options.CniBinDirectory,
        ConfDirectory = options.CniConfDirectory,
        Masquerade = options.Masquerade,
        ServiceRanges = options.ServiceRanges.ToValueArray(),
    };
}
