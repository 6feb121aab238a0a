using System.Collections.Concurrent;
using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.ControlPlane.Controllers.Rows;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Controllers.Endpoints;

/// <summary>Tells by Events whether a Service has zone hints, and why not; each state once.</summary>
internal sealed class HintEvents(EventRecorder events)
{
    // What was last said: per Service and address type the problem, empty for hints that work.
    private readonly ConcurrentDictionary<ObjectKey, IReadOnlyList<HintOutcome>> _said = new();

    /// <summary>Says what is new.</summary>
    public async Task SayAsync(ServiceInfo service, IReadOnlyList<HintOutcome> now, CancellationToken cancellationToken)
    {
        var before = _said.GetValueOrDefault(service.Meta.Key, []);
        if (now.Count == 0)
        {
            _said.TryRemove(service.Meta.Key, out _);
        }
        else
        {
            _said[service.Meta.Key] = now;
        }

        var subject = EventSubject.Of(ResourceTypes.Services, service.Meta);
        foreach (var outcome in now.Except(before))
        {
            await (outcome.Problem.Length == 0
                ? events.NormalAsync(subject, "TopologyAwareHintsEnabled", Text("Topology Aware Hints has been enabled", outcome), cancellationToken)
                : events.WarningAsync(subject, "TopologyAwareHintsDisabled", Text(outcome.Problem, outcome), cancellationToken));
        }

        foreach (var outcome in before.Where(outcome => outcome.Problem.Length == 0 && now.Count == 0))
        {
            await events.WarningAsync(subject, "TopologyAwareHintsDisabled", Text("Topology Aware Hints has been disabled", outcome), cancellationToken);
        }
    }

    /// <summary>The Service is gone.</summary>
    public void Forget(ObjectKey key) => _said.TryRemove(key, out _);

    private static string Text(string message, HintOutcome outcome) => $"{message}, addressType: {outcome.AddressType}";
}
