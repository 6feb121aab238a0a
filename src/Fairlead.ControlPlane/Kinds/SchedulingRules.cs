using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Validation of what places a pod: affinity, tolerations, spreading.</summary>
internal static class SchedulingRules
{
    private const string Preferred = "preferredDuringSchedulingIgnoredDuringExecution";
    private const string Needed = "requiredDuringSchedulingIgnoredDuringExecution";

    public static void Validate(JsonObject? spec, FieldPath field, FieldErrors errors)
    {
        foreach (var (index, toleration) in spec.List("tolerations").Items())
        {
            ValidateToleration(toleration, field.Child("tolerations").Index(index), errors);
        }

        foreach (var (index, constraint) in spec.List("topologySpreadConstraints").Items())
        {
            ValidateSpread(constraint, field.Child("topologySpreadConstraints").Index(index), errors);
        }

        ValidateNodeAffinity(spec.Object("affinity", "nodeAffinity"), field.Child("affinity").Child("nodeAffinity"), errors);
        foreach (var name in (ReadOnlySpan<string>)["podAffinity", "podAntiAffinity"])
        {
            ValidatePodAffinity(spec.Object("affinity", name), field.Child("affinity").Child(name), errors);
        }
    }

    private static void ValidateToleration(JsonObject toleration, FieldPath field, FieldErrors errors)
    {
        Rules.CheckName(toleration.At("key"), field.Child("key"), Names.QualifiedName, errors);
        var isExists = toleration.Text("operator") == "Exists";
        if (string.IsNullOrEmpty(toleration.Text("key")) && !isExists)
        {
            const string Rule = "operator must be Exists when `key` is empty, which means \"match all values and all keys\"";
            errors.Invalid(field.Child("operator"), toleration.Text("operator") ?? "", Rule);
        }

        if (isExists && !string.IsNullOrEmpty(toleration.Text("value")))
        {
            errors.Invalid(field.Child("operator"), toleration.At("value"), "value must be empty when `operator` is 'Exists'");
        }

        if (toleration.Text("operator") is not (null or "" or "Exists" or "Equal" or "Lt" or "Gt"))
        {
            errors.NotSupported(field.Child("operator"), toleration.At("operator"), "Equal", "Exists");
        }

        if (toleration.Text("effect") is { Length: > 0 })
        {
            Rules.RequireOneOf(toleration.At("effect"), field.Child("effect"), errors, "NoExecute", "NoSchedule", "PreferNoSchedule");
        }

        if (toleration.Has("tolerationSeconds") && toleration.Text("effect") != "NoExecute")
        {
            errors.Invalid(field.Child("effect"), toleration.Text("effect") ?? "", "effect must be 'NoExecute' when `tolerationSeconds` is set");
        }
    }

    private static void ValidateSpread(JsonObject constraint, FieldPath field, FieldErrors errors)
    {
        if ((constraint.Number("maxSkew") ?? 0) <= 0)
        {
            errors.Invalid(field.Child("maxSkew"), constraint.Number("maxSkew") ?? 0, "must be greater than zero");
        }

        Rules.Require(constraint.At("topologyKey"), field.Child("topologyKey"), errors);
        Rules.CheckName(constraint.At("topologyKey"), field.Child("topologyKey"), Names.QualifiedName, errors);
        Rules.RequireOneOf(constraint.At("whenUnsatisfiable") ?? "", field.Child("whenUnsatisfiable"), errors, "DoNotSchedule", "ScheduleAnyway");
        SelectorRules.Validate(constraint.Object("labelSelector"), field.Child("labelSelector"), errors);
    }

    private static void ValidateNodeAffinity(JsonObject? affinity, FieldPath field, FieldErrors errors)
    {
        if (affinity.Object(Needed) is { } needed)
        {
            var terms = field.Child(Needed).Child("nodeSelectorTerms");
            if (needed.List("nodeSelectorTerms") is not { Count: > 0 })
            {
                errors.Required(terms, "must have at least one node selector term");
            }

            foreach (var (index, term) in needed.List("nodeSelectorTerms").Items())
            {
                ValidateNodeTerm(term, terms.Index(index), errors);
            }
        }

        foreach (var (index, item) in affinity.List(Preferred).Items())
        {
            var path = field.Child(Preferred).Index(index);
            ValidateWeight(item, path, errors);
            ValidateNodeTerm(item.Object("preference"), path.Child("preference"), errors);
        }
    }

    private static void ValidateNodeTerm(JsonObject? term, FieldPath field, FieldErrors errors)
    {
        foreach (var (index, requirement) in term.List("matchExpressions").Items())
        {
            var path = field.Child("matchExpressions").Index(index);
            var count = requirement.List("values")?.Count ?? 0;
            var (fits, rule) = requirement.Text("operator") switch
            {
                "In" or "NotIn" => (count > 0, "must be specified when `operator` is 'In' or 'NotIn'"),
                "Exists" or "DoesNotExist" => (count == 0, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"),
                "Gt" or "Lt" => (count == 1, "must be specified single value when `operator` is 'Lt' or 'Gt'"),
                _ => (true, null),
            };
            if (rule is null)
            {
                errors.Invalid(path.Child("operator"), requirement.Text("operator") ?? "", "not a valid selector operator");
            }
            else if (!fits && count == 0)
            {
                errors.Required(path.Child("values"), rule);
            }
            else if (!fits)
            {
                errors.Forbidden(path.Child("values"), rule);
            }

            MetadataRules.LabelKey(requirement.Text("key") ?? "", path.Child("key"), errors);
        }
    }

    private static void ValidatePodAffinity(JsonObject? affinity, FieldPath field, FieldErrors errors)
    {
        foreach (var (index, term) in affinity.List(Needed).Items())
        {
            ValidatePodTerm(term, field.Child(Needed).Index(index), errors);
        }

        foreach (var (index, item) in affinity.List(Preferred).Items())
        {
            var path = field.Child(Preferred).Index(index);
            ValidateWeight(item, path, errors);
            ValidatePodTerm(item.Object("podAffinityTerm"), path.Child("podAffinityTerm"), errors);
        }
    }

    private static void ValidatePodTerm(JsonObject? term, FieldPath field, FieldErrors errors)
    {
        if (string.IsNullOrEmpty(term.Text("topologyKey")))
        {
            errors.Required(field.Child("topologyKey"), "can not be empty");
        }

        Rules.CheckName(term.At("topologyKey"), field.Child("topologyKey"), Names.QualifiedName, errors);
        SelectorRules.Validate(term.Object("labelSelector"), field.Child("labelSelector"), errors);
        SelectorRules.Validate(term.Object("namespaceSelector"), field.Child("namespaceSelector"), errors);
    }

    private static void ValidateWeight(JsonObject item, FieldPath field, FieldErrors errors)
    {
        if (item.Number("weight") is not (>= 1 and <= 100))
        {
            errors.Invalid(field.Child("weight"), item.Number("weight") ?? 0, "must be in the range 1-100");
        }
    }
}
