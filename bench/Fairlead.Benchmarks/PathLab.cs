using Fairlead.Linux.Addresses;
using Fairlead.Testing;

namespace Fairlead.Benchmarks;

/// <summary>Two pods on a node, wired as the agent wires them, with no agent and no packet filter but what is given: the baseline of a Service's path.</summary>
internal sealed class PathLab : IDisposable
{
    private const string Client = "10.1.0.2";
    private const string Server = "10.1.0.3";
    private const string Virtual = "10.96.0.77";
    private const ushort VirtualPort = 80;

    private readonly TestNetns _node = new();
    private readonly TestNetns _client = new();
    private readonly TestNetns _server = new();

    public PathLab()
    {
        Tool.RunIn(_node, "sysctl", "-qw", "net.ipv4.ip_forward=1");
        Plug(_client, "client", Client);
        Plug(_server, "server", Server);
    }

    /// <summary>The client's address.</summary>
    public static IpAddr ClientAddress { get; } = IpAddr.Parse(Client);

    /// <summary>The server's address.</summary>
    public static IpAddr ServerAddress { get; } = IpAddr.Parse(Server);

    /// <summary>The node between them.</summary>
    public TestNetns Node => _node;

    /// <summary>The server by its own address.</summary>
    public PathLoad Direct => new(_client.Namespace, _server.Namespace, ServerAddress, PathLoad.ServerPort);

    /// <summary>The server by another address, which one rule translates.</summary>
    public PathLoad Translated()
    {
        var rule = $$"""
            table ip floor {
              chain prerouting {
                type nat hook prerouting priority -100
                ip daddr {{Virtual}} tcp dport {{VirtualPort}} dnat to {{Server}}:{{PathLoad.ServerPort}}
              }
            }
            """;
        var (code, _, error) = Tool.TryRun("nsenter", rule, $"--net={_node.Path}", "nft", "-f", "-");
        return code == 0 ? new PathLoad(_client.Namespace, _server.Namespace, IpAddr.Parse(Virtual), VirtualPort)
            : throw new InvalidOperationException($"nft refused the rule: {error}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _server.Dispose();
        _client.Dispose();
        _node.Dispose();
    }

    private void Plug(TestNetns pod, string name, string address)
    {
        Tool.RunIn(_node, "ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", pod.Path);
        Tool.RunIn(_node, "ip", "link", "set", name, "up");
        Tool.RunIn(_node, "ip", "address", "add", "169.254.1.1/32", "dev", name);
        Tool.RunIn(_node, "ip", "route", "add", $"{address}/32", "dev", name);
        Tool.RunIn(pod, "ip", "link", "set", "lo", "up");
        Tool.RunIn(pod, "ip", "link", "set", "eth0", "up");
        Tool.RunIn(pod, "ip", "address", "add", $"{address}/32", "dev", "eth0");
        Tool.RunIn(pod, "ip", "route", "add", "169.254.1.1", "dev", "eth0", "scope", "link");
        Tool.RunIn(pod, "ip", "route", "add", "default", "via", "169.254.1.1");
    }
}
