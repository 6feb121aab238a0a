using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind IngressClass: an implementation of Ingress.</summary>
internal sealed class IngressClassKind : KindDefinition
{
    private const int LongestController = 250;

    public override ResourceType Type => ResourceTypes.IngressClasses;

    public override bool CountsGeneration => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName,
        new("Controller", Description: "Controller that implements it."),
        new("Parameters", Description: "Settings for the controller."),
        TableColumn.Age,
    ];

    public override IEnumerable<string> Warnings(JsonObject obj, JsonObject? old) =>
        ["this IngressClass is stored but not served: this version of fairlead has no ingress controller"];

    public override void Default(JsonObject obj) => obj.Object("spec", "parameters")?.FillText("scope", "Cluster");

    public override IReadOnlyList<JsonNode?> Row(JsonObject obj, DateTimeOffset now)
    {
        var parameters = obj.Object("spec", "parameters");
        var group = parameters.Text("apiGroup") is { Length: > 0 } apiGroup ? "." + apiGroup : "";
        return
        [
            Print.Name(obj),
            obj.Text("spec", "controller") ?? "",
            parameters is null ? Print.None : $"{parameters.Text("kind")}{group}/{parameters.Text("name")}",
            Print.Age(obj, now),
        ];
    }

    protected override void ValidateObject(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        var field = FieldPath.Spec.Child("controller");
        if (old is not null)
        {
            Rules.RequireUnchanged(obj.At("spec", "controller"), old.At("spec", "controller"), field, errors);
        }

        if (Rules.Require(obj.At("spec", "controller"), field, errors) is { } controller)
        {
            if (controller.Length > LongestController)
            {
                errors.TooLong(field, LongestController);
            }

            var slash = controller.IndexOf('/', StringComparison.Ordinal);
            if (slash <= 0 || slash == controller.Length - 1 || Names.DnsSubdomain(controller[..slash]) is not null)
            {
                errors.Invalid(field, controller, "must be a domain-prefixed path (such as \"acme.io/foo\")");
            }
        }

        ValidateParameters(obj.Object("spec", "parameters"), FieldPath.Spec.Child("parameters"), errors);
    }

    private static void ValidateParameters(JsonObject? parameters, FieldPath field, FieldErrors errors)
    {
        if (parameters is null)
        {
            return;
        }

        Rules.Require(parameters.At("kind"), field.Child("kind"), errors);
        Rules.Require(parameters.At("name"), field.Child("name"), errors);
        Rules.RequireOneOf(parameters.At("scope"), field.Child("scope"), errors, "Cluster", "Namespace");
        var hasNamespace = !string.IsNullOrEmpty(parameters.Text("namespace"));
        if (parameters.Text("scope") == "Namespace" && !hasNamespace)
        {
            errors.Required(field.Child("namespace"), "`parameters.scope` is set to 'Namespace'");
        }
        else if (parameters.Text("scope") == "Cluster" && hasNamespace)
        {
            errors.Forbidden(field.Child("namespace"), "`parameters.scope` is set to 'Cluster'");
        }
    }
}
