using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;

namespace Fairlead.Kube.Selectors;

/// <summary>Reads label selectors in their document form (meta/v1 LabelSelector): matchLabels and matchExpressions, all of which must hold.</summary>
public static class LabelSelectorReader
{
    /// <summary>The selector; an empty document selects everything.</summary>
    /// <exception cref="FormatException">
    /// A part of it cannot be understood. Nothing is left out of a selector: with one requirement less it would select more than was meant.
    /// </exception>
    public static LabelSelector Read(JsonObject selector)
    {
        var requirements = new List<LabelRequirement>();
        foreach (var (key, value) in Part<JsonObject>(selector, "matchLabels") ?? [])
        {
            requirements.Add(new LabelRequirement(key, LabelOperator.In, [Text(value)]));
        }

        foreach (var expression in Part<JsonArray>(selector, "matchExpressions") ?? [])
        {
            var comparison = expression.Text("operator") switch
            {
                "In" => LabelOperator.In,
                "NotIn" => LabelOperator.NotIn,
                "Exists" => LabelOperator.Exists,
                "DoesNotExist" => LabelOperator.DoesNotExist,
                var other => throw new FormatException($"unknown label operator {other}"),
            };
            var values = Part<JsonArray>(expression as JsonObject, "values") ?? [];
            requirements.Add(new LabelRequirement(expression.Text("key"), comparison, [.. values.Select(Text)]));
        }

        return new LabelSelector(requirements);
    }

    private static T? Part<T>(JsonObject? node, string name)
        where T : JsonNode => node?[name] is not { } part ? null : part as T ?? throw new FormatException($"{name} of a selector is no {typeof(T).Name}");

    private static string Text(JsonNode? value) =>
        value is JsonValue text && text.TryGetValue<string>(out var read) ? read : throw new FormatException("a label value of a selector is no string");
}
