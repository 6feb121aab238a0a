using System.Threading.Channels;
using Fairlead.Cluster.Controllers;
using Fairlead.Dns;
using Fairlead.Kube.Client;
using Microsoft.Extensions.Logging;

namespace Fairlead.Composition;

/// <summary>
/// Tells of a changed DNS configuration by an Event on its ConfigMap: one for each change, whichever node writes it. What is in force from an agent's start on is no news.
/// </summary>
internal sealed class DnsConfigEvents(IKubeApi api, string node, TimeProvider time, ILogger log)
{
    private const string AppliedReason = "DNSConfigApplied";
    private const string RejectedReason = "DNSConfigRejected";

    // Many changes while the API server is away are told by the last of them.
    private readonly Channel<DnsConfigOutcome> _told = Channel.CreateBounded<DnsConfigOutcome>(
        new BoundedChannelOptions(16) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private readonly EventRecorder _recorder = new(api, "fairlead-agent", node, time, log);

    /// <summary>Takes note; never waits.</summary>
    public void Tell(DnsConfigOutcome outcome)
    {
        if (outcome.Rejected || !outcome.First)
        {
            _told.Writer.TryWrite(outcome);
        }
    }

    /// <summary>Writes Events until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var outcome in _told.Reader.ReadAllAsync(cancellationToken))
        {
            var reason = outcome.Rejected ? RejectedReason : AppliedReason;
            var subject = new EventSubject(ResourceTypes.ConfigMaps.ApiVersion, ResourceTypes.ConfigMaps.Kind, outcome.Source.Key, outcome.Source.Uid);
            await _recorder.OnceAsync(subject, outcome.Rejected, reason, Message(outcome), $"{reason.ToLowerInvariant()}-{outcome.Source.ResourceVersion}", cancellationToken);
        }
    }

    private static string Message(DnsConfigOutcome outcome) => outcome switch
    {
        { Rejected: true } => $"Not in force, the configuration before is: {string.Join("; ", outcome.Errors)}",
        { Warnings.Count: > 0 } => $"In force. Without effect: {string.Join("; ", outcome.Warnings)}",
        _ => "In force",
    };
}
