using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Allocation;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Kube.Schema;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Kinds;

/// <summary>Writes documents as the registry does: decode, default, prepare, allocate, validate.</summary>
internal sealed class KindHarness(ServiceAllocation? allocation = null)
{
    public static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    public static ServiceAllocation SingleStack() => new(new ClusterRanges { Services = [IpNet.Parse("10.96.0.0/12")] }, new Random(1));

    public static ServiceAllocation DualStack() => new(new ClusterRanges { Services = [IpNet.Parse("10.96.0.0/12"), IpNet.Parse("fd00:10:96::/112")] }, new Random(1));

    /// <summary>Creates from JSON; name and namespace are filled in.</summary>
    public JsonObject Create(string json)
    {
        var (obj, errors) = TryWrite(Parse(json), null, "");
        Assert.Equal([], errors);
        return obj;
    }

    public JsonObject Update(JsonObject old, Action<JsonObject> change, string subresource = "")
    {
        var (obj, errors) = TryUpdate(old, change, subresource);
        Assert.Equal([], errors);
        return obj;
    }

    public IReadOnlyList<string> Faults(string json) => TryWrite(Parse(json), null, "").Errors;

    public IReadOnlyList<string> UpdateFaults(JsonObject old, Action<JsonObject> change, string subresource = "") => TryUpdate(old, change, subresource).Errors;

    public (JsonObject Object, IReadOnlyList<string> Errors) TryUpdate(JsonObject old, Action<JsonObject> change, string subresource = "")
    {
        var obj = old.DeepClone().AsObject();
        change(obj);
        return TryWrite(obj, old, subresource);
    }

    public static KindDefinition KindOf(JsonObject obj) => KindTable.FindByKind((string)obj["apiVersion"]!, (string)obj["kind"]!)!;

    public static JsonObject Parse(string json)
    {
        var obj = JsonNode.Parse(json)!.AsObject();
        var kind = KindOf(obj);
        var metadata = obj.Ensure("metadata");
        metadata.Fill("name", "x");
        metadata.Fill("creationTimestamp", "2026-01-02T02:04:05Z");
        if (kind.Type.Namespaced)
        {
            metadata.Fill("namespace", "default");
        }

        return obj;
    }

    private (JsonObject Object, IReadOnlyList<string> Errors) TryWrite(JsonObject obj, JsonObject? old, string subresource)
    {
        var kind = KindOf(obj);
        var report = DocumentDecoder.Decode(SchemaCatalog.Default.Find(kind.Type)!, obj);
        Assert.Empty(report.UnknownFields);
        Assert.Null(report.TypeError);
        var context = new WriteContext { Now = Now, Subresource = subresource };
        kind.Default(obj);
        kind.Prepare(obj, old, context);
        var allocated = new FieldErrors();
        using var reservation = kind is ServiceKind ? allocation?.Prepare(obj, old, context, allocated) : null;
        var errors = kind.Validate(obj, old, context).Concat(allocated).Select(error => error.ToString()).ToArray();
        if (errors.Length == 0)
        {
            reservation?.Commit();
        }

        return (obj, errors);
    }
}
