using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Kube.Selectors;

namespace Fairlead.ControlPlane.Controllers;

/// <summary>Reads a workload's selector. Null for one that is malformed or empty: an empty selector must never adopt a whole namespace.</summary>
internal static class SelectorJsonReader
{
    public static LabelSelector? Read(JsonNode? selector)
    {
        var requirements = new List<LabelRequirement>();
        foreach (var (key, value) in selector.Labels("matchLabels"))
        {
            requirements.Add(new LabelRequirement(key, LabelOperator.In, [value]));
        }

        foreach (var expression in selector.Objects("matchExpressions"))
        {
            if (!Enum.TryParse<LabelOperator>(expression.Text("operator"), out var comparison))
            {
                return null;
            }

            requirements.Add(new LabelRequirement(expression.Text("key"), comparison, [.. expression.Texts("values")]));
        }

        return requirements.Count == 0 ? null : new LabelSelector(requirements);
    }
}
