using System.Threading.Channels;
using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.Dns;
using Fairlead.Kube.Client;
using Microsoft.Extensions.Logging;

namespace Fairlead.Composition;

/// <summary>
/// Tells of a changed DNS configuration by an Event on its ConfigMap: one for each change, whichever node writes it. What is in force from an agent's start on is no news;
/// that the API server does not give what it needs is, once for each text.
/// </summary>
internal sealed class DnsConfigEvents(IKubeApi api, string node, TimeProvider time, ILogger log)
{
    private const string AppliedReason = "DNSConfigApplied";
    private const string RejectedReason = "DNSConfigRejected";
    private const string NoImportsReason = "DNSMulticlusterUnavailable";

    // Many changes while the API server is away are told by the last of them.
    private readonly Channel<Telling> _told = Channel.CreateBounded<Telling>(
        new BoundedChannelOptions(16) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    private readonly EventRecorder _recorder = new(api, "fairlead-agent", node, time, log);

    /// <summary>Takes note; never waits.</summary>
    public void Tell(DnsConfigOutcome outcome)
    {
        if (outcome.Rejected || !outcome.First)
        {
            _told.Writer.TryWrite(new Telling(outcome.Source, outcome.Rejected, outcome.Rejected ? RejectedReason : AppliedReason, Message(outcome)));
        }
    }

    /// <summary>Takes note; never waits.</summary>
    public void Tell(DnsImportsRefusal refusal) => _told.Writer.TryWrite(
        new Telling(refusal.Source, true, NoImportsReason, $"Names of the zones of multicluster are SERVFAIL until the API server gives ServiceImports: {refusal.Reason}"));

    /// <summary>Writes Events until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var (source, isWarning, reason, message) in _told.Reader.ReadAllAsync(cancellationToken))
        {
            var subject = new EventSubject(ResourceTypes.ConfigMaps.ApiVersion, ResourceTypes.ConfigMaps.Kind, source.Key, source.Uid);
            await _recorder.OnceAsync(subject, isWarning, reason, message, $"{reason.ToLowerInvariant()}-{source.ResourceVersion}", cancellationToken);
        }
    }

    private static string Message(DnsConfigOutcome outcome) => outcome switch
    {
        { Rejected: true } => $"Not in force, the configuration before is: {string.Join("; ", outcome.Errors)}",
        { Warnings.Count: > 0 } => $"In force. Without effect: {string.Join("; ", outcome.Warnings)}",
        _ => "In force",
    };

    private sealed record Telling(ConfigMapRow Source, bool IsWarning, string Reason, string Message);
}
