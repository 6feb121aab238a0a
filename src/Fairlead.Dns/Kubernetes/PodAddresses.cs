using System.Collections.Concurrent;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Dns.Kubernetes;

/// <summary>
/// Which pods hold an address, of either family. Host-network pods hold their node's, as CoreDNS has it; a pod that is done holds none. One writer, any
/// number of readers.
/// </summary>
internal sealed class PodAddresses
{
    private readonly ConcurrentDictionary<IpAddr, ObjectKey[]> _holders = new();

    /// <summary>Whether a pod of this namespace holds the address. <paramref name="label"/> is the namespace without its length byte, lower case.</summary>
    public bool Holds(IpAddr address, scoped ReadOnlySpan<byte> label)
    {
        foreach (var holder in _holders.GetValueOrDefault(address) ?? [])
        {
            if (System.Text.Ascii.Equals(holder.Namespace, label))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Applies one change.</summary>
    /// <param name="change">A pod's rows before and after.</param>
    public void Apply(Change<ObjectKey, PodRow> change)
    {
        var (old, now) = (AddressesOf(change.Old), AddressesOf(change.New));
        foreach (var address in old)
        {
            if (Without(address, change.Key) is { Length: > 0 } others)
            {
                _holders[address] = others;
            }
            else
            {
                _holders.TryRemove(address, out _);
            }
        }

        foreach (var address in now)
        {
            _holders[address] = [.. Without(address, change.Key), change.Key];
        }
    }

    private static ValueArray<IpAddr> AddressesOf(PodRow? pod) => pod is null || pod.Finished ? default : pod.IPs;

    private ObjectKey[] Without(IpAddr address, ObjectKey pod) =>
        _holders.TryGetValue(address, out var there) ? Array.FindAll(there, holder => holder != pod) : [];
}
