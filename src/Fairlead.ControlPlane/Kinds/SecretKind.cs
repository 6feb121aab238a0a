using System.Text;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>The kind Secret: confidential values for pods.</summary>
internal sealed class SecretKind : KindDefinition
{
    public override ResourceType Type => ResourceTypes.Secrets;

    public override IReadOnlyList<TableColumn> Columns { get; } =
    [
        TableColumn.ObjectName,
        new("Type", Description: "What kind of secret it is."),
        new("Data", "integer", Description: "Number of values."),
        TableColumn.Age,
    ];

    protected override IEnumerable<KeyValuePair<string, Func<JsonObject, string>>> ExtraFieldSelectors =>
        [new("type", obj => obj.Text("type") ?? "")];

    public override void Default(JsonObject obj)
    {
        obj.FillText("type", "Opaque");
        if (obj.Object("stringData") is { } texts)
        {
            var data = obj.Ensure("data");
            foreach (var (key, value) in texts.Pairs())
            {
                data[key] = Convert.ToBase64String(Encoding.UTF8.GetBytes(value));
            }

            obj.Remove("stringData");
            obj.DropEmpty("data");
        }
    }

    public override IReadOnlyList<JsonNode?> Row(JsonObject obj, DateTimeOffset now) =>
        [Print.Name(obj), obj.Text("type") ?? "", obj.Object("data")?.Count ?? 0, Print.Age(obj, now)];

    protected override void ValidateObject(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
        DataRules.Validate(obj, errors, "data");
        ValidateType(obj, errors);
        if (old is not null)
        {
            Rules.RequireUnchanged(obj.At("type"), old.At("type"), new FieldPath("type"), errors);
            DataRules.ValidateUpdate(obj, old, errors, "data");
        }
    }

    private static void ValidateType(JsonObject secret, FieldErrors errors)
    {
        string[] needed = secret.Text("type") switch
        {
            "kubernetes.io/tls" => ["tls.crt", "tls.key"],
            "kubernetes.io/dockerconfigjson" => [".dockerconfigjson"],
            "kubernetes.io/dockercfg" => [".dockercfg"],
            "kubernetes.io/ssh-auth" => ["ssh-privatekey"],
            _ => [],
        };
        foreach (var key in needed.Where(key => secret.Text("data", key) is null))
        {
            errors.Required(new FieldPath("data").Key(key));
        }

        if (secret.Text("type") == "kubernetes.io/basic-auth" && secret.Text("data", "username") is null && secret.Text("data", "password") is null)
        {
            errors.Required(new FieldPath("data").Key("username"));
            errors.Required(new FieldPath("data").Key("password"));
        }

        const string Account = "kubernetes.io/service-account.name";
        if (secret.Text("type") == "kubernetes.io/service-account-token" && string.IsNullOrEmpty(secret.Text("metadata", "annotations", Account)))
        {
            errors.Required(FieldPath.Metadata.Child("annotations").Key(Account));
        }
    }
}
