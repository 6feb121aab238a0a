using System.Text;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind IngressClass: an implementation of Ingress.</summary>
internal sealed class IngressClassKind : KindDefinition
{
    private const int LongestController = 250;

    /// <summary>What a controller's path may have beside letters and digits.</summary>
    private const string PathMarks = "/-._~%!$&'()*+,;=:";

    public override ResourceType Type => ResourceTypes.IngressClasses;

    public override bool CountsGeneration => true;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName,
        new("Controller", Description: "Controller that implements it."),
        new("Parameters", Description: "Settings for the controller."),
        TableColumn.Age,
    ];

    public override void Default(JsonObject obj) => obj.Object("spec", "parameters")?.Fill("scope", "Cluster");

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
            ValidateController(controller, field, errors);
        }

        ValidateParameters(obj.Object("spec", "parameters"), FieldPath.Spec.Child("parameters"), errors);
    }

    private static void ValidateController(string controller, FieldPath field, FieldErrors errors)
    {
        if (Encoding.UTF8.GetByteCount(controller) > LongestController)
        {
            errors.TooLong(field, LongestController);
        }

        if (controller.Split('/', 2) is not [{ Length: > 0 } domain, { Length: > 0 } path])
        {
            errors.Invalid(field, controller, "must be a domain-prefixed path (such as \"acme.io/foo\")");
            return;
        }

        if (Names.DnsSubdomain(domain) is { } fault)
        {
            errors.Invalid(field, domain, fault);
        }

        if (!path.All(c => char.IsAsciiLetterOrDigit(c) || PathMarks.Contains(c, StringComparison.Ordinal)))
        {
            errors.Invalid(field, path, $"Invalid path (regex used for validation is '[A-Za-z0-9{PathMarks.Replace("-", "\\-", StringComparison.Ordinal)}]+')");
        }
    }

    private static void ValidateParameters(JsonObject? parameters, FieldPath field, FieldErrors errors)
    {
        if (parameters is null)
        {
            return;
        }

        IngressRules.ValidateReference(parameters, field, errors);
        var place = field.Child("namespace");
        switch (parameters.Text("scope"), parameters.Text("namespace"))
        {
            case ("Namespace", null):
                errors.Required(place, "`parameters.scope` is set to 'Namespace'");
                break;
            case ("Namespace", { } ns):
                if (Names.DnsLabel(ns) is { } fault)
                {
                    errors.Invalid(place, ns, fault);
                }

                break;
            case ("Cluster", { }):
                errors.Forbidden(place, "`parameters.scope` is set to 'Cluster'");
                break;
            default:
                Rules.RequireOneOf(parameters.At("scope"), field.Child("scope"), errors, "Cluster", "Namespace");
                break;
        }
    }
}
