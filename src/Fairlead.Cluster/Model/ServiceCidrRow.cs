using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Cluster.Model;

/// <summary>A ServiceCIDR (networking.k8s.io/v1, KEP-1880): ranges that ClusterIPs are taken from, one per family at most. It stays until no Service has an address of it.</summary>
public sealed record ServiceCidrRow(string Name, ValueArray<IpNet> Ranges);
