using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>What may change in a pod that exists: images, deadline, further tolerations, fewer scheduling gates.</summary>
internal static class PodUpdateRules
{
    private const string Allowed = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
        + "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
        + "(allow it to be set to 1 if it was previously negative)";

    public static void Validate(JsonObject pod, JsonObject old, FieldErrors errors)
    {
        var (spec, before) = (pod.Object("spec"), old.Object("spec"));
        foreach (var list in (ReadOnlySpan<string>)["containers", "initContainers"])
        {
            if ((spec.List(list)?.Count ?? 0) != (before.List(list)?.Count ?? 0))
            {
                errors.Forbidden(FieldPath.Spec.Child(list), "pod updates may not add or remove containers");
                return;
            }
        }

        ValidateDeadline(spec, before, errors);
        ValidateTolerations(spec, before, errors);
        ValidateGates(spec, before, errors);
        if (Differences(spec, before) is { Length: > 0 } changed)
        {
            errors.Forbidden(FieldPath.Spec, $"{Allowed}; changed: {string.Join(", ", changed.Select(name => "spec." + name))}");
        }
    }

    private static void ValidateDeadline(JsonObject? spec, JsonObject? before, FieldErrors errors)
    {
        var (deadline, previous) = (spec.Number("activeDeadlineSeconds"), before.Number("activeDeadlineSeconds"));
        if (previous is { } limit && (deadline is null || deadline > limit))
        {
            errors.Invalid(
                FieldPath.Spec.Child("activeDeadlineSeconds"), deadline,
                deadline is null ? "must not update from a positive integer to nil value" : "must be less than or equal to previous value");
        }
    }

    private static void ValidateTolerations(JsonObject? spec, JsonObject? before, FieldErrors errors)
    {
        foreach (var (_, toleration) in before.List("tolerations").Items())
        {
            if (!spec.List("tolerations").Items().Any(item => Doc.Same(item.Item, toleration)))
            {
                errors.Forbidden(FieldPath.Spec.Child("tolerations"), "existing toleration can not be modified except its tolerationSeconds");
                return;
            }
        }
    }

    private static void ValidateGates(JsonObject? spec, JsonObject? before, FieldErrors errors)
    {
        var previous = before.List("schedulingGates").Items().Select(item => item.Item.Text("name")).ToHashSet();
        foreach (var (index, gate) in spec.List("schedulingGates").Items())
        {
            if (!previous.Contains(gate.Text("name")))
            {
                var field = FieldPath.Spec.Child("schedulingGates").Index(index);
                errors.Forbidden(field, $"only deletion is allowed, but found new scheduling gate '{gate.Text("name")}'");
            }
        }
    }

    /// <summary>Names of the fields that differ and may not.</summary>
    private static string[] Differences(JsonObject? spec, JsonObject? before)
    {
        var (left, right) = (Comparable(spec), Comparable(before));
        return [.. left.Concat(right).Select(pair => pair.Key).Distinct().Where(name => !Doc.Same(left.At(name), right.At(name)))];
    }

    private static JsonObject Comparable(JsonObject? spec)
    {
        var copy = spec?.DeepClone().AsObject() ?? [];
        foreach (var name in (ReadOnlySpan<string>)["activeDeadlineSeconds", "tolerations", "schedulingGates"])
        {
            copy.Remove(name);
        }

        foreach (var list in (ReadOnlySpan<string>)["containers", "initContainers"])
        {
            foreach (var (_, container) in copy.List(list).Items())
            {
                container.Remove("image");

                // It follows from the image when it is not given.
                container.Remove("imagePullPolicy");
            }
        }

        return copy;
    }
}
