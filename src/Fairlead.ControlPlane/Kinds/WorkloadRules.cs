using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Validation and printing that Deployment and ReplicaSet share: replicas, selector, template.</summary>
internal static class WorkloadRules
{
    public static void Validate(JsonObject obj, JsonObject? old, FieldErrors errors)
    {
        var spec = obj.Object("spec");
        Rules.RequireNonNegative(spec.Number("replicas"), FieldPath.Spec.Child("replicas"), errors);
        Rules.RequireNonNegative(spec.Number("minReadySeconds"), FieldPath.Spec.Child("minReadySeconds"), errors);
        ValidateSelector(obj, spec, errors);
        ValidateTemplate(spec.Object("template"), errors);
        if (old is not null)
        {
            Rules.RequireUnchanged(spec.At("selector"), old.At("spec", "selector"), FieldPath.Spec.Child("selector"), errors);
        }
    }

    public static string Containers(JsonObject obj) => Join(obj, "name");

    public static string Images(JsonObject obj) => Join(obj, "image");

    private static string Join(JsonObject obj, string name) =>
        string.Join(',', obj.List("spec", "template", "spec", "containers").Items().Select(item => item.Item.Text(name)));

    private static void ValidateSelector(JsonObject obj, JsonObject? spec, FieldErrors errors)
    {
        var field = FieldPath.Spec.Child("selector");
        if (spec.Object("selector") is not { } selector)
        {
            errors.Required(field);
            return;
        }

        SelectorRules.Validate(selector, field, errors);
        if (SelectorRules.IsEmpty(selector))
        {
#pragma warning disable CA1308 // kinds are written in lower case here
            errors.Invalid(field, selector, $"empty selector is invalid for {obj.Text("kind")?.ToLowerInvariant()}");
#pragma warning restore CA1308
        }
        else if (!SelectorRules.Matches(selector, spec.Object("template", "metadata", "labels")))
        {
            var labels = FieldPath.Spec.Child("template").Child("metadata").Child("labels");
            errors.Invalid(labels, spec.At("template", "metadata", "labels"), "`selector` does not match template `labels`");
        }
    }

    private static void ValidateTemplate(JsonObject? template, FieldErrors errors)
    {
        var field = FieldPath.Spec.Child("template");
        MetadataRules.Labels(template.Object("metadata", "labels"), field.Child("metadata").Child("labels"), errors);
        MetadataRules.Annotations(template.Object("metadata", "annotations"), field.Child("metadata").Child("annotations"), errors);
        PodRules.ValidateSpec(template.Object("spec"), field.Child("spec"), errors);
        if (template.Text("spec", "restartPolicy") is not (null or "Always"))
        {
            errors.NotSupported(field.Child("spec").Child("restartPolicy"), template.At("spec", "restartPolicy"), "Always");
        }

        if (template.Number("spec", "activeDeadlineSeconds") is not null)
        {
            errors.Forbidden(field.Child("spec").Child("activeDeadlineSeconds"), "activeDeadlineSeconds in ReplicaSet is not Supported");
        }
    }
}
