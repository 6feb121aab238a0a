using System.Net.Sockets;
using Fairlead.Dns.Server;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Route;
using Fairlead.Linux.Syscalls;

namespace Fairlead.OneMachine;

/// <summary>Holds the sockets of the cluster DNS on every node: a query that is sent while an agent is away waits in them until it returns.</summary>
internal sealed class DnsSocketKeeper(ClusterSpec spec) : IDisposable
{
    private const int Port = 53;
    private readonly List<SafeFd> _sockets = [];

    /// <summary>Puts the DNS addresses on the node's <c>lo</c> and opens their sockets there.</summary>
    public IReadOnlyList<SafeFd> Open(int node)
    {
        using var netns = NetNamespace.OpenNamed(spec.NodeNamespace(node));
        using var route = RouteSocket.Open(netns);
        var opened = new List<SafeFd>();
        foreach (var address in spec.Ranges.Select(ranges => ranges.DnsService))
        {
            route.AddAddress(new LinkAddress
            {
                Link = route.GetLink("lo").Index,
                Address = address,
                Prefix = address.Family.Bits,
                NoDuplicateDetection = true,
                NeverSource = true,
            });
            foreach (var socket in netns.Run(() => DnsSockets.Bind(address, Port, DnsSockets.PerAddress)))
            {
                using (socket)
                {
                    opened.Add(Keep(socket));
                }
            }
        }

        _sockets.AddRange(opened);
        return opened;
    }

    /// <inheritdoc/>
    public void Dispose() => _sockets.ForEach(socket => socket.Dispose());

    private static SafeFd Keep(Socket socket)
    {
        var borrowed = new SafeFd((int)socket.SafeHandle.DangerousGetHandle());
        var copy = borrowed.Duplicate();
        borrowed.Disown();
        return copy;
    }
}
