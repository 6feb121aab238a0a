using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Deployment: pods from a template, replaced step by step.</summary>
internal sealed class DeploymentKind : WorkloadKind
{
    public override ResourceType Type => ResourceTypes.Deployments;

    public override IReadOnlyList<string> ShortNames => ["deploy"];

    public override IReadOnlyList<TableColumn> Columns { get; } = ColumnsWith(
        new("Ready", Description: "Pods that are ready, of those wanted."),
        new("Up-to-date", "integer", Description: "Pods from the present template."),
        new("Available", "integer", Description: "Pods that are available."));

    public override void Default(JsonObject obj)
    {
        base.Default(obj);
        var spec = obj.Ensure("spec");
        var strategy = spec.Ensure("strategy");
        strategy.FillText("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            var rolling = strategy.Ensure("rollingUpdate");
            rolling.Fill("maxUnavailable", "25%");
            rolling.Fill("maxSurge", "25%");
        }

        spec.Fill("revisionHistoryLimit", 10);
        spec.Fill("progressDeadlineSeconds", 600);
    }

    protected override IReadOnlyList<JsonNode?> Counts(JsonObject obj) =>
    [
        string.Create(CultureInfo.InvariantCulture, $"{obj.Number("status", "readyReplicas") ?? 0}/{obj.Number("spec", "replicas") ?? 0}"),
        obj.Number("status", "updatedReplicas") ?? 0,
        obj.Number("status", "availableReplicas") ?? 0,
    ];

    protected override void PrepareObject(JsonObject obj, JsonObject? old, WriteContext context) => obj.Ensure("status");

    protected override void ValidateOwn(JsonObject? spec, FieldErrors errors)
    {
        Rules.RequireNonNegative(spec.Number("revisionHistoryLimit"), FieldPath.Spec.Child("revisionHistoryLimit"), errors);
        if (spec.Number("progressDeadlineSeconds") is { } deadline && deadline <= (spec.Number("minReadySeconds") ?? 0))
        {
            errors.Invalid(FieldPath.Spec.Child("progressDeadlineSeconds"), deadline, "must be greater than minReadySeconds");
        }

        ValidateStrategy(spec.Object("strategy"), FieldPath.Spec.Child("strategy"), errors);
    }

    private static void ValidateStrategy(JsonObject? strategy, FieldPath field, FieldErrors errors)
    {
        Rules.RequireOneOf(strategy.At("type"), field.Child("type"), errors, "Recreate", "RollingUpdate");
        var rolling = field.Child("rollingUpdate");
        if (strategy.Text("type") == "Recreate" && strategy.Has("rollingUpdate"))
        {
            errors.Forbidden(rolling, "may not be specified when strategy `type` is 'Recreate'");
        }

        if (strategy.Text("type") != "RollingUpdate")
        {
            return;
        }

        var unavailable = Share(strategy.At("rollingUpdate", "maxUnavailable"), rolling.Child("maxUnavailable"), errors);
        var surge = Share(strategy.At("rollingUpdate", "maxSurge"), rolling.Child("maxSurge"), errors);
        if (unavailable == 0 && surge == 0)
        {
            errors.Invalid(rolling.Child("maxUnavailable"), strategy.At("rollingUpdate", "maxUnavailable"), "may not be 0 when `maxSurge` is 0");
        }

        if (unavailable > 100 && strategy.Text("rollingUpdate", "maxUnavailable") is { } text)
        {
            errors.Invalid(rolling.Child("maxUnavailable"), text, "must not be greater than 100%");
        }
    }

    /// <summary>A number or a percentage; null when it is neither, which is a fault.</summary>
    private static long? Share(JsonNode? value, FieldPath field, FieldErrors errors)
    {
        if (value.AsNumber() is { } number)
        {
            Rules.RequireNonNegative(number, field, errors);
            return number;
        }

        if (value.AsText() is { } text && text.EndsWith('%')
            && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var share))
        {
            return share;
        }

        errors.Invalid(field, value, "must be an integer or percentage (e.g '5%')");
        return null;
    }
}
