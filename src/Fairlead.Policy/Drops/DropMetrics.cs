using System.Diagnostics.Metrics;
using Fairlead.Nftables;
using Fairlead.Nftables.Kernel;
using Fairlead.Policy.Nftables;

namespace Fairlead.Policy.Drops;

/// <summary>What was dropped, in numbers. The packets are the kernel's own count, exact whatever was told; the policies are of those told.</summary>
public sealed class DropMetrics : IDisposable
{
    /// <summary>More policies than this are not told apart.</summary>
    public const int MaxSeries = 1000;

    private const string Others = "(others)";

    private readonly Lock _gate = new();
    private readonly Dictionary<(DropPolicy Policy, string Direction), long> _denied = [];
    private long _told;
    private long _lost;

    internal DropMetrics(GenerationHistory history, KernelNft? nft)
    {
        Meter.CreateObservableCounter("fairlead_policy_denied_total", Denied, description:
            "Connections refused and told, by each policy that denies them or isolates the pod.");
        Meter.CreateObservableCounter("fairlead_policy_drops_told_total", () => Interlocked.Read(ref _told), description: "Dropped packets that the kernel told of.");
        Meter.CreateObservableCounter("fairlead_policy_drops_lost_total", () => Interlocked.Read(ref _lost), description:
            "Dropped packets that the kernel would have told of, had they come slower.");
        Meter.CreateObservableGauge("fairlead_policy_generation", () => (long)history.Newest.Number, description:
            "How often this run of the agent has changed what is in force.");
        if (nft is not null)
        {
            Meter.CreateObservableCounter("fairlead_policy_dropped_packets_total", () => Dropped(nft), description:
                "Packets dropped, by the side that refused (in: the receiver's, out: the sender's) and reason: policy, no pod at the address, midway in a TCP connection.");
        }
    }

    /// <summary>The instruments.</summary>
    public Meter Meter { get; } = new("fairlead.policy");

    /// <inheritdoc/>
    public void Dispose() => Meter.Dispose();

    internal void Told() => Interlocked.Increment(ref _told);

    internal void Lost(long packets) => Interlocked.Add(ref _lost, packets);

    internal void Count(DropRecord record)
    {
        lock (_gate)
        {
            foreach (var policy in record.Policies)
            {
                var key = (policy, record.Direction);
                if (_denied.Count >= MaxSeries && !_denied.ContainsKey(key))
                {
                    key = (policy with { Namespace = "", Name = Others }, record.Direction);
                }

                _denied[key] = _denied.GetValueOrDefault(key) + 1;
            }
        }
    }

    private List<Measurement<long>> Denied()
    {
        lock (_gate)
        {
            return
            [
                .. _denied.Select(one => new Measurement<long>(
                    one.Value, Label("namespace", one.Key.Policy.Namespace), Label("policy", one.Key.Policy.Name), Label("kind", one.Key.Policy.Kind),
                    Label("direction", one.Key.Direction))),
            ];
        }
    }

    private static IEnumerable<Measurement<long>> Dropped(KernelNft nft)
    {
        IReadOnlyDictionary<string, long> packets;
        try
        {
            packets = nft.CountedPackets(PolicyTable.Table.Name, [.. Refusal.All.Select(refusal => refusal.Chain)]);
        }
        catch (NftException)
        {
            // A figure that cannot be had is left out; what it counts is in force all the same.
            return [];
        }

        return Refusal.All.Where(refusal => packets.ContainsKey(refusal.Chain)).Select(refusal => new Measurement<long>(
            packets[refusal.Chain], Label("direction", refusal.Way), Label("reason", refusal.Reason)));
    }

    private static KeyValuePair<string, object?> Label(string name, string value) => new(name, value);
}
