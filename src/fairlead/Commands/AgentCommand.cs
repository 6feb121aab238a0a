using System.CommandLine;
using System.Net;
using Fairlead.Composition;
using Fairlead.Linux;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables;
using Fairlead.Terminal;

namespace Fairlead.Commands;

/// <summary><c>fairlead agent</c>: the node agent, on one machine and on a real cluster alike.</summary>
internal static class AgentCommand
{
    private const string Nowhere = "none";

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var kubeconfig = new Option<string>("--kubeconfig") { Description = "How to reach the API server" };
        var node = new Option<string>("--node-name") { Description = "This node's name in the cluster" };
        var bin = new Option<string>("--cni-bin-dir") { Description = "Where the container runtime looks for plugins", DefaultValueFactory = _ => "/opt/cni/bin" };
        var conf = new Option<string>("--cni-conf-dir") { Description = "Where it looks for configurations", DefaultValueFactory = _ => "/etc/cni/net.d" };
        var state = new Option<string>("--state-dir") { Description = "Where the agent keeps its state", DefaultValueFactory = _ => "/var/lib/fairlead-agent" };
        var socket = new Option<string>("--socket") { Description = "Where the plugin reaches the agent", DefaultValueFactory = _ => "/run/fairlead/cni.sock" };
        var inspect = new Option<string?>("--inspect-socket") { Description = "Where `fairlead inspect` reaches it; inspect.sock beside --socket unless given" };
        var upstream = new Option<IPEndPoint[]>("--dns-upstream")
        {
            Description = "Whom to ask for names outside the cluster, address:port (this node's resolv.conf unless said otherwise)",
            CustomParser = result => CommonOptions.Parse<IPEndPoint>(result, (text, out value) => IPEndPoint.TryParse(text, out value!)),
        };
        var pods = CommonOptions.Ranges("--pod-range", "The cluster's pod ranges");
        var services = CommonOptions.Ranges("--service-range", "The cluster's Service ranges, beside its ServiceCIDRs");
        var external = CommonOptions.Ranges("--external-ip-range", "Ranges from which Services may take spec.externalIPs (none unless given: whoever may write a Service could take any address's traffic)");
        var nodePorts = NodePortAddresses();
        var outside = new Option<bool>("--cluster-ip-from-outside") { Description = "Answer at ClusterIPs also what comes routed here from outside the cluster, with the node's address as its source (dropped unless given)" };
        var masquerade = new Option<bool>("--masquerade") { Description = "Pods leave the cluster with the node's address (off unless given: then servers outside need a route to the pods)" };
        var health = Endpoint("--healthz-bind-address", "Where load balancers ask for this node's health, address:port; none: nowhere", new IPEndPoint(IPAddress.IPv6Any, 10256));
        var metrics = Endpoint("--metrics-bind-address", "Where Prometheus asks for metrics, address:port; none: nowhere", new IPEndPoint(IPAddress.Loopback, 10249));
        var dns = Endpoint("--dns-metrics-bind-address", "Where Prometheus asks for the DNS server's metrics, and probes for /health and /ready, address:port; none: nowhere but where its Corefile says", null);
        var cleanup = new Option<bool>("--cleanup") { Description = "Remove everything the agent made on this node, and exit; needs no cluster" };
        var command = new Command("agent", "Run the node agent: pod network, Services, policies, DNS")
        {
            kubeconfig, node, bin, conf, state, socket, inspect, upstream, pods, services, external, nodePorts, outside, masquerade, health, metrics, dns, cleanup,
        };
        command.Validators.Add(result =>
        {
            foreach (var option in (Option<string>[])[kubeconfig, node])
            {
                if (!result.GetValue(cleanup) && string.IsNullOrEmpty(result.GetValue(option)))
                {
                    result.AddError($"Option '{option.Name}' is required.");
                }
            }
        });
        command.SetAction((parsed, cancellationToken) =>
        {
            var options = new AgentOptions
            {
                Kubeconfig = parsed.GetValue(kubeconfig) ?? "",
                NodeName = parsed.GetValue(node) ?? "",
                CniBinDirectory = parsed.GetRequiredValue(bin),
                CniConfDirectory = parsed.GetRequiredValue(conf),
                StateDirectory = parsed.GetRequiredValue(state),
                Socket = parsed.GetRequiredValue(socket),
                InspectSocket = parsed.GetValue(inspect)
                    ?? Path.Combine(Path.GetDirectoryName(Path.GetFullPath(parsed.GetRequiredValue(socket)))!, Path.GetFileName(AgentOptions.DefaultInspectSocket)),
                DnsUpstreams = parsed.GetValue(upstream) is { Length: > 0 } upstreams ? upstreams : null,
                PodRanges = parsed.GetValue(pods) ?? [],
                ServiceRanges = parsed.GetValue(services) ?? [],
                ExternalIPRanges = parsed.GetValue(external) ?? [],
                ClusterIpFromOutside = parsed.GetValue(outside),
                NodePortRanges = parsed.GetValue(nodePorts) ?? [],
                Masquerade = parsed.GetValue(masquerade),
                HealthEndpoint = parsed.GetRequiredValue(health).EndPoint,
                DnsMetricsEndpoint = parsed.GetRequiredValue(dns).EndPoint,
                MetricsEndpoint = parsed.GetRequiredValue(metrics).EndPoint,
            };
            return RunAsync(options, parsed.GetValue(cleanup), cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(AgentOptions options, bool cleanup, CancellationToken cancellationToken)
    {
        try
        {
            return await (cleanup ? Agent.CleanUpAsync(options, cancellationToken) : Agent.RunAsync(options, cancellationToken));
        }
        catch (Exception e) when (e is NftException or LinuxException)
        {
            throw new UserError(e.Message, "the agent needs root with CAP_NET_ADMIN and CAP_SYS_ADMIN, and a kernel with nf_tables");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new UserError(e.Message, "see `fairlead agent --help` for where its files are");
        }
    }

    /// <summary>As kube-proxy's: CIDRs, or the word <c>primary</c> by itself, which is what holds unless it is given and so reads as no range.</summary>
    private static Option<IpNet[]> NodePortAddresses() => new("--nodeport-addresses")
    {
        Description = "Where to serve node ports: primary, the node's InternalIPs (so unless given); or ranges, and then at every address of the node's links that is in one, "
            + "and at all addresses of a family that none is of. Never at loopback and link-local addresses",
        CustomParser = result =>
        {
            var words = result.Tokens.SelectMany(token => token.Value.Split(',')).ToList();
            if (words is ["primary"])
            {
                return [];
            }

            foreach (var word in words.Where(word => !IpNet.TryParse(word, out _)))
            {
                result.AddError($"{word} is not what {result.Argument.Name} takes: {(word == "primary" ? "it does not go with ranges" : "a range, such as 192.0.2.0/24, or primary")}");
            }

            return [.. words.Where(word => IpNet.TryParse(word, out _)).Select(IpNet.Parse)];
        },
    };

    private static Option<ListenAddress> Endpoint(string name, string description, IPEndPoint? usual) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => new ListenAddress(usual),
        CustomParser = result =>
        {
            var text = result.Tokens.Count == 0 ? usual?.ToString() ?? Nowhere : result.Tokens[0].Value;
            if (text == Nowhere)
            {
                return new ListenAddress(null);
            }

            if (IPEndPoint.TryParse(text, out var endpoint) && endpoint.Port != 0)
            {
                return new ListenAddress(endpoint);
            }

            result.AddError($"{text} is not an address:port that {result.Argument.Name} takes");
            return null;
        },
    };
}

/// <summary>Where to listen; null: nowhere. A null by itself counts as no value to a parser of options.</summary>
internal sealed record ListenAddress(IPEndPoint? EndPoint);
