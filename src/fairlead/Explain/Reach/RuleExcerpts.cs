using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Client;
using Fairlead.Kube.Yaml;
using Fairlead.Policy.Evaluate;
using Fairlead.State;

namespace Fairlead.Explain.Reach;

/// <summary>Shows the rules that decided: where they stand in the user's manifests, or else the rule itself as YAML.</summary>
/// <param name="api">The cluster.</param>
/// <param name="manifests">The user's manifests.</param>
internal sealed class RuleExcerpts(IKubeApi api, ManifestPlaces manifests)
{
    private const int MaxLines = 12;
    private const int NotFound = 404;

    private readonly Dictionary<(string Kind, ObjectKey Key), JsonObject?> _policies = [];

    /// <summary>The explanation with every rule shown.</summary>
    public async Task<ReachExplanation> ShowAsync(ReachExplanation explanation, CancellationToken cancellationToken)
    {
        var steps = await ShowAsync(explanation.Steps, cancellationToken);
        var endpoints = new List<EndpointReach>();
        foreach (var endpoint in explanation.Endpoints.AsEnumerable())
        {
            endpoints.Add(endpoint with { Steps = await ShowAsync(endpoint.Steps, cancellationToken) });
        }

        return explanation with { Steps = steps, Endpoints = endpoints.ToValueArray() };
    }

    private async Task<ValueArray<ReachStep>> ShowAsync(ValueArray<ReachStep> steps, CancellationToken cancellationToken)
    {
        var shown = new List<ReachStep>();
        foreach (var step in steps.AsEnumerable())
        {
            shown.Add((step.Rule ?? step.Nearest) is { } rule ? await ShowAsync(step, rule, cancellationToken) : step);
        }

        return shown.ToValueArray();
    }

    private async Task<ReachStep> ShowAsync(ReachStep step, RuleReference rule, CancellationToken cancellationToken)
    {
        if (manifests.Find(rule.Kind, rule.Policy, rule.Path) is { Length: > 0 } place)
        {
            return step with { At = place };
        }

        var lines = YamlWriter.Lines(At(await PolicyAsync(rule, cancellationToken), rule.Path));
        return step with { Excerpt = lines.Count <= MaxLines ? lines.ToValueArray() : [.. lines.Take(MaxLines), "…"] };
    }

    private async Task<JsonObject?> PolicyAsync(RuleReference rule, CancellationToken cancellationToken)
    {
        if (!_policies.TryGetValue((rule.Kind, rule.Policy), out var policy))
        {
            try
            {
                var type = rule.Kind == RuleReference.NetworkPolicy ? ResourceTypes.NetworkPolicies : ResourceTypes.ClusterNetworkPolicies;
                policy = await api.GetAsync(type, rule.Policy.Namespace, rule.Policy.Name, cancellationToken);
            }
            catch (KubeException e) when (e.Code == NotFound)
            {
                // Deleted since it was listed.
            }

            _policies[(rule.Kind, rule.Policy)] = policy;
        }

        return policy;
    }

    /// <summary>The value at a path such as <c>spec.ingress[0].from[1]</c>; null when the document has no such field.</summary>
    internal static JsonNode? At(JsonNode? document, string path)
    {
        foreach (var part in path.Split('.', '['))
        {
            document = part.EndsWith(']')
                ? document is JsonArray items && int.TryParse(part[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < items.Count ? items[index] : null
                : (document as JsonObject)?[part];
        }

        return document;
    }
}
