using System.Net;
using System.Net.Sockets;
using System.Text;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.State;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Policy;

public sealed class PolicyPacketTests : IDisposable
{
    private readonly PolicyNode _node = new();
    private readonly List<TcpListener> _listeners = [];

    public PolicyPacketTests()
    {
        _node.AddPod("shop", "api", "app=api", new ContainerPort("metrics", IpProtocol.Tcp, 9090, 0, default));
        _node.AddPod("shop", "web", "app=web");
        _node.AddPod("watch", "scraper", "app=scraper");
        foreach (var port in new ushort[] { 8080, 8085, 9090 })
        {
            _listeners.Add(_node.Listen("api", port));
        }
    }

    public void Dispose()
    {
        _listeners.ForEach(listener => listener.Dispose());
        _node.Dispose();
    }

    [Fact]
    public async Task Without_policies_pods_with_verdicts_reach_each_other_and_a_pod_without_reaches_nobody()
    {
        await _node.ApplyAsync(["api", "web"]);
        Assert.True(await Reaches("web", 8080));
        Assert.False(await Reaches("scraper", 8080));
        await _node.ApplyAsync(["api", "web", "scraper"]);
        Assert.True(await Reaches("scraper", 8080));
    }

    [Fact]
    public async Task Default_deny_isolates_from_pods_and_not_from_the_node()
    {
        await _node.ApplyAsync(Policy(ingress: []));
        Assert.False(await Reaches("web", 8080));
        using var probe = _node.Netns.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        await probe.ConnectAsync(_node.EndpointOf("api", 8080), Deadline.Token());
        await _node.ApplyAsync();
        Assert.True(await Reaches("web", 8080));
    }

    [Fact]
    public async Task Selectors_blocks_named_ports_and_ranges_allow_what_they_name_and_nothing_else()
    {
        await _node.ApplyAsync(Policy(ingress:
        [
            Rule([new PolicyPeer(null, Selector("app", "web"), null)], new PolicyPort(IpProtocol.Tcp, 8080, 8084, "")),
            Rule([new PolicyPeer(Selector("name", "watch"), null, null)], new PolicyPort(IpProtocol.Tcp, 0, 0, "metrics")),
        ]));
        Assert.True(await Reaches("web", 8080));
        Assert.False(await Reaches("web", 8085));
        Assert.False(await Reaches("web", 9090));
        Assert.True(await Reaches("scraper", 9090));
        Assert.False(await Reaches("scraper", 8080));

        var everyoneButWeb = new IpBlock(IpNet.Parse("0.0.0.0/0"), [IpNet.Parse("10.244.1.3/32")]);
        await _node.ApplyAsync(Policy(ingress: [Rule([new PolicyPeer(null, null, everyoneButWeb)])]));
        Assert.False(await Reaches("web", 8080));
        Assert.True(await Reaches("scraper", 8080));
    }

    [Fact]
    public async Task A_rule_for_UDP_or_SCTP_allows_no_TCP()
    {
        await _node.ApplyAsync(Policy(ingress:
            [Rule([], new PolicyPort(IpProtocol.Udp, 8080, 8080, "")), Rule([], new PolicyPort(IpProtocol.Sctp, 8080, 8080, ""))]));
        Assert.False(await Reaches("web", 8080));
    }

    [Fact]
    public async Task A_rule_for_UDP_lets_datagrams_of_its_peers_and_ports_in_and_their_answers_out_and_no_others()
    {
        using var allowed = _node.Datagrams("api", 5353);
        using var other = _node.Datagrams("api", 5354);
        await _node.ApplyAsync(Policy(ingress:
            [Rule([new PolicyPeer(null, Selector("app", "web"), null)], new PolicyPort(IpProtocol.Udp, 5353, 5353, ""), new PolicyPort(IpProtocol.Tcp, 5354, 5354, ""))]));

        // Datagrams of one sender come in the order in which they were sent: what is first was not preceded by what is kept out.
        using var web = _node.Datagrams("web", 0);
        using var scraper = _node.Datagrams("scraper", 0);
        await scraper.SendToAsync("scraper"u8.ToArray(), _node.EndpointOf("api", 5353));
        await web.SendToAsync("web, wrong port"u8.ToArray(), _node.EndpointOf("api", 5354));
        await web.SendToAsync("web"u8.ToArray(), _node.EndpointOf("api", 5353));
        var (text, client) = await ReceiveFromAsync(allowed);
        Assert.Equal("web", text);
        await allowed.SendToAsync("answer"u8.ToArray(), client);
        Assert.Equal("answer", (await ReceiveFromAsync(web)).Text);

        await _node.ApplyAsync();
        await scraper.SendToAsync("scraper, open"u8.ToArray(), _node.EndpointOf("api", 5353));
        await web.SendToAsync("web, open"u8.ToArray(), _node.EndpointOf("api", 5354));
        Assert.Equal("scraper, open", (await ReceiveFromAsync(allowed)).Text);
        Assert.Equal("web, open", (await ReceiveFromAsync(other)).Text);
    }

    [Fact]
    public async Task An_egress_rule_for_UDP_lets_datagrams_out_to_its_port_alone()
    {
        using var allowed = _node.Datagrams("api", 5353);
        using var other = _node.Datagrams("api", 5354);
        await _node.ApplyAsync(Policy(subject: "web", egress: [Rule([], new PolicyPort(IpProtocol.Udp, 5353, 5353, ""))]));
        using var web = _node.Datagrams("web", 0);
        await web.SendToAsync("kept in"u8.ToArray(), _node.EndpointOf("api", 5354));
        await web.SendToAsync("out"u8.ToArray(), _node.EndpointOf("api", 5353));
        Assert.Equal("out", (await ReceiveFromAsync(allowed)).Text);
        Assert.False(await Reaches("web", 8080));

        await _node.ApplyAsync();
        await web.SendToAsync("let out"u8.ToArray(), _node.EndpointOf("api", 5354));
        Assert.Equal("let out", (await ReceiveFromAsync(other)).Text);
    }

    [Fact]
    public async Task Egress_allows_the_named_port_of_its_peer_and_the_DNS_of_the_node_under_the_name_of_its_pods()
    {
        using var dns = _node.Netns.Run(() => PolicyNode.StartListener(53));
        using var other = _node.Netns.Run(() => PolicyNode.StartListener(54));
        await _node.ApplyAsync(Policy(subject: "web", egress:
        [
            Rule([new PolicyPeer(Selector("kubernetes.io/metadata.name", "kube-system"), Selector("k8s-app", "kube-dns"), null)],
                new PolicyPort(IpProtocol.Tcp, 53, 53, "")),
            Rule([new PolicyPeer(null, Selector("app", "api"), null)], new PolicyPort(IpProtocol.Tcp, 0, 0, "metrics")),
        ]));
        Assert.True(await _node.ReachesAsync("web", IPEndPoint.Parse("10.96.0.10:53")));
        Assert.False(await _node.ReachesAsync("web", IPEndPoint.Parse("10.96.0.10:54")));
        Assert.True(await Reaches("web", 9090));
        Assert.False(await Reaches("web", 8080));
        Assert.True(await Reaches("scraper", 8080));
    }

    [Fact]
    public async Task A_tightened_policy_cuts_the_connection_in_both_directions()
    {
        await _node.ApplyAsync(Policy(ingress: [Rule([new PolicyPeer(null, Selector("app", "web"), null)])]));
        using var client = await _node.ConnectAsync("web", _node.EndpointOf("api", 8080));
        using var server = await _listeners[0].AcceptSocketAsync(Deadline.Token());
        await client!.SendAsync("before"u8.ToArray());
        Assert.Equal("before", await ReceiveAsync(server));

        await _node.ApplyAsync(Policy(ingress: []));
        await server.SendAsync("answer"u8.ToArray());
        await client.SendAsync("after"u8.ToArray());
        Assert.False(await HearsAsync(client));
        Assert.False(await HearsAsync(server));
    }

    [Fact]
    public async Task A_policy_that_stays_cuts_nothing()
    {
        var policy = Policy(ingress: [Rule([new PolicyPeer(null, Selector("app", "web"), null)])]);
        await _node.ApplyAsync(policy);
        using var client = await _node.ConnectAsync("web", _node.EndpointOf("api", 8080));
        using var server = await _listeners[0].AcceptSocketAsync(Deadline.Token());
        await _node.ApplyAsync(policy, Policy(subject: "web", egress: [Rule([])]) with { Key = new ObjectKey("shop", "second") });
        await client!.SendAsync("still here"u8.ToArray());
        Assert.Equal("still here", await ReceiveAsync(server));
    }

    private static async Task<string> ReceiveAsync(Socket socket)
    {
        var buffer = new byte[64];
        return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, Deadline.Token()));
    }

    private static async Task<bool> HearsAsync(Socket socket)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        try
        {
            return await socket.ReceiveAsync(new byte[64], patience.Token) > 0;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task<(string Text, EndPoint From)> ReceiveFromAsync(Socket socket)
    {
        var buffer = new byte[64];
        var received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), Deadline.Token());
        return (Encoding.ASCII.GetString(buffer, 0, received.ReceivedBytes), received.RemoteEndPoint);
    }

    private Task<bool> Reaches(string pod, ushort port) => _node.ReachesAsync(pod, _node.EndpointOf("api", port));

    private static LabelSelector Selector(string key, string value) => new([new LabelRequirement(key, LabelOperator.In, [value])]);

    private static PolicyRule Rule(PolicyPeer[] peers, params PolicyPort[] ports) => new(peers.ToValueArray(), ports.ToValueArray());

    private static PolicyRow Policy(string subject = "api", PolicyRule[]? ingress = null, PolicyRule[]? egress = null) => new()
    {
        Key = new ObjectKey("shop", "policy"),
        Subjects = Selector("app", subject),
        IsolatesIngress = ingress is not null,
        IsolatesEgress = egress is not null,
        Ingress = (ingress ?? []).ToValueArray(),
        Egress = (egress ?? []).ToValueArray(),
    };
}
