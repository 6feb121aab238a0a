using Fairlead.Cluster;
using Fairlead.Linux.Addresses;

namespace Fairlead.Policy.Drops;

/// <summary>Names what a client had asked for, before it was translated.</summary>
internal sealed class ServiceNames(ClusterTables tables)
{
    /// <summary><c>svc/shop/api:80</c>: the Service that accepts at the address and port; null when none does.</summary>
    public string? At(IpAddr address, IpProtocol protocol, ushort port)
    {
        foreach (var service in tables.Services.Snapshot().Values)
        {
            var own = service.ClusterIPs.Contains(address) || service.ExternalIPs.Contains(address) || service.LoadBalancerIPs.Contains(address);
            foreach (var one in service.Ports)
            {
                if (one.Protocol == protocol && (own ? one.Port == port : one.NodePort != 0 && one.NodePort == port && IsOfNode(address)))
                {
                    return $"svc/{service.Key}:{one.Port}";
                }
            }
        }

        return null;
    }

    private bool IsOfNode(IpAddr address) => tables.Nodes.Snapshot().Values.Any(node => node.InternalIPs.Contains(address));
}
