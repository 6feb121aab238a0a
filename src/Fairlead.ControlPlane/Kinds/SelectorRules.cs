using System.Text.Json.Nodes;
using Fairlead.Kube.Selectors;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Validation of label selectors, and whether one matches labels.</summary>
internal static class SelectorRules
{
    public static void Validate(JsonObject? selector, FieldPath field, FieldErrors errors)
    {
        MetadataRules.Labels(selector.Object("matchLabels"), field.Child("matchLabels"), errors);
        foreach (var (index, requirement) in selector.List("matchExpressions").Items())
        {
            ValidateRequirement(requirement, field.Child("matchExpressions").Index(index), errors);
        }
    }

    public static bool IsEmpty(JsonObject selector) =>
        selector.Object("matchLabels") is not { Count: > 0 } && selector.List("matchExpressions") is not { Count: > 0 };

    public static bool Matches(JsonObject selector, JsonObject? labels)
    {
        var values = Labels.From(labels.Pairs());
        return selector.Object("matchLabels").Pairs().All(pair => values[pair.Key] == pair.Value)
            && selector.List("matchExpressions").Items().All(item => Requirement(item.Item).Matches(values));
    }

    private static LabelRequirement Requirement(JsonObject item) => new(
        item.Text("key") ?? "",
        item.Text("operator") switch
        {
            "In" => LabelOperator.In,
            "NotIn" => LabelOperator.NotIn,
            "Exists" => LabelOperator.Exists,
            _ => LabelOperator.DoesNotExist,
        },
        [.. item.List("values").Texts()]);

    private static void ValidateRequirement(JsonObject requirement, FieldPath field, FieldErrors errors)
    {
        var values = requirement.List("values").Texts().ToArray();
        switch (requirement.Text("operator"))
        {
            case "In" or "NotIn":
                if (values.Length == 0)
                {
                    errors.Required(field.Child("values"), "must be specified when `operator` is 'In' or 'NotIn'");
                }

                break;
            case "Exists" or "DoesNotExist":
                if (values.Length > 0)
                {
                    errors.Forbidden(field.Child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
                }

                break;
            default:
                errors.Invalid(field.Child("operator"), requirement.Text("operator") ?? "", "not a valid selector operator");
                break;
        }

        MetadataRules.LabelKey(requirement.Text("key") ?? "", field.Child("key"), errors);
        for (var index = 0; index < values.Length; index++)
        {
            if (Names.LabelValue(values[index]) is { } fault)
            {
                errors.Invalid(field.Child("values").Index(index), values[index], fault);
            }
        }
    }
}
