using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;
using Fairlead.Kube.Client;
using Fairlead.Kube.Schema;

namespace Fairlead.Fuzz;

/// <summary>Patches of every type, applied to one Deployment.</summary>
internal static class PatchTargets
{
    private static readonly string[] Words =
    [
        "\"op\"", "\"add\"", "\"remove\"", "\"replace\"", "\"move\"", "\"copy\"", "\"test\"", "\"path\"", "\"from\"", "\"value\"", "\"/spec\"", "\"/spec/template\"", "\"\"", "/-", "~0", "~1",
        "/metadata/labels", "/spec/template/spec/containers/0", "\"$patch\"", "\"delete\"", "\"merge\"", "\"$retainKeys\"", "\"$setElementOrder/containers\"",
        "\"$deleteFromPrimitiveList/finalizers\"", "\"containers\"", "\"name\"", "\"ports\"", "\"containerPort\"",
    ];

    private static readonly KindDefinition Kind = KindTable.FindByKind("apps/v1", "Deployment")!;
    private static readonly JsonObject Document = JsonNode.Parse(
        """
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","namespace":"default","labels":{"app":"web"},"finalizers":["a/b"]},
        "spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}},
        "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"a","image":"b","ports":[{"containerPort":80},{"containerPort":81,"protocol":"UDP"}]},
        {"name":"c","image":"d","env":[{"name":"X","value":"y"}]}],"tolerations":[{"key":"k"}]}}}}
        """)!.AsObject();

    public static IEnumerable<FuzzTarget> All { get; } =
    [
        Target("patch-json", PatchKind.Json),
        Target("patch-merge", PatchKind.Merge),
        Target("patch-strategic", PatchKind.Strategic),
    ];

    private static FuzzTarget Target(string name, PatchKind patchKind) => new(name, bytes => Apply(bytes, patchKind))
    {
        Declared = BodyTargets.Refused,
        Words = Words,

        // Copies of 3 MiB are allowed, and become objects.
        AllocationMiB = 64,
        AllocationPerByte = 8192,
    };

    // As the registry goes on with it: what comes out is decoded by the schema and written.
    private static object Apply(byte[] bytes, PatchKind patchKind)
    {
        var patched = DocumentPatch.Apply(Kind, patchKind, Document, SchemaCatalog.Default.Find(Kind.Type), DocumentPatch.Read(bytes));
        return (SchemaGate.Decode(Kind, patched, [], FieldValidation.Warn).Count, JsonNode.Parse(patched.ToJsonString()) is null);
    }
}
