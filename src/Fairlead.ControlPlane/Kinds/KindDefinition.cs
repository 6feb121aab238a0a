using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Schema;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>
/// All that the API server knows about one kind: its names, defaults, what a write may touch, validation, warnings, printing and field selectors.
/// A write goes: decode, schema check, <see cref="Default"/>, system metadata (the registry's), <see cref="Prepare"/>,
/// allocation, <see cref="Validate"/>, store. All members are pure but for the document they are given to change.
/// </summary>
public abstract class KindDefinition
{
    private static readonly Dictionary<string, Func<JsonObject, string>> MetadataFields = new()
    {
        ["metadata.name"] = obj => obj.Text("metadata", "name") ?? "",
        ["metadata.namespace"] = obj => obj.Text("metadata", "namespace") ?? "",
    };

    private IReadOnlyDictionary<string, Func<JsonObject, string>>? _fieldSelectors;

    /// <summary>Where the API serves the kind.</summary>
    public abstract ResourceType Type { get; }

    /// <summary>
    /// The type under which objects are stored; differs from <see cref="Type"/> only for a second API version of the same objects.
    /// </summary>
    public virtual ResourceType StorageType => Type;

    /// <summary>Lower-case name of one object, as kubectl accepts it.</summary>
    public string Singular => Type.Kind.ToLowerInvariant();

    /// <summary>Abbreviations that kubectl accepts.</summary>
    public virtual IReadOnlyList<string> ShortNames => [];

    /// <summary>Groups of kinds that kubectl accepts, such as <c>all</c>.</summary>
    public virtual IReadOnlyList<string> Categories => [];

    /// <summary>Verbs of the objects themselves, sorted.</summary>
    public virtual IReadOnlyList<string> Verbs => ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    /// <summary>True when status is written by its own subresource only.</summary>
    public virtual bool StatusSubresource => false;

    /// <summary>True when the kind has an autoscaling/v1 Scale.</summary>
    public virtual bool ScaleSubresource => false;

    /// <summary>True when metadata.generation counts the changes of the specification.</summary>
    public virtual bool CountsGeneration => false;

    /// <summary>True when a PUT to a name that does not exist creates the object.</summary>
    public virtual bool CreateOnUpdate => false;

    /// <summary>True when a PUT without resourceVersion overwrites whatever is stored.</summary>
    public virtual bool UnconditionalUpdate => true;

    /// <summary>Seconds a deleted object stays, terminating, when the request does not say; 0 means it goes at once.</summary>
    public virtual int GracePeriodSeconds => 0;

    /// <summary>The columns of its Table.</summary>
    public virtual IReadOnlyList<TableColumn> Columns => [TableColumn.ObjectName, TableColumn.Age];

    /// <summary>Every subresource with its documents and verbs, for discovery and OpenAPI.</summary>
    public virtual IReadOnlyList<ApiSubresource> Subresources
    {
        get
        {
            var list = new List<ApiSubresource>();
            if (ScaleSubresource)
            {
                list.Add(new("scale", "autoscaling", "v1", "Scale", ["get", "patch", "update"]));
            }

            if (StatusSubresource)
            {
                list.Add(new("status", Type.Group, Type.Version, Type.Kind, ["get", "patch", "update"]));
            }

            return list;
        }
    }

    /// <summary>
    /// The fields a field selector may name, each with the function that reads it (empty when not set). Others are a 400,
    /// <c>field label not supported: X</c>.
    /// </summary>
    public IReadOnlyDictionary<string, Func<JsonObject, string>> FieldSelectors => _fieldSelectors ??= BuildFieldSelectors();

    /// <summary>Field selectors beyond metadata.name and metadata.namespace.</summary>
    protected virtual IEnumerable<KeyValuePair<string, Func<JsonObject, string>>> ExtraFieldSelectors => [];

    /// <summary>Fills fields that were left out with the values a real API server stores. Applied to every document written.</summary>
    public virtual void Default(JsonObject obj)
    {
    }

    /// <summary>
    /// Keeps a write to its part of the object: a write of the object cannot touch status, a write of status only that; initial status,
    /// generation, and fields that follow from others. <paramref name="old"/> is null on create.
    /// </summary>
    public void Prepare(JsonObject obj, JsonObject? old, WriteContext context)
    {
        WriteScope.Apply(this, obj, old, context);
        PrepareObject(obj, old, context);
        if (CountsGeneration && context.Subresource is not ("status" or "binding"))
        {
            WriteScope.CountGeneration(obj, old);
        }
    }

    /// <summary>Checks the whole document, and against <paramref name="old"/> what may not change. Runs after <see cref="Prepare"/>.</summary>
    public FieldErrors Validate(JsonObject obj, JsonObject? old, WriteContext context)
    {
        var errors = new FieldErrors();
        MetadataRules.Validate(this, obj, old, errors);
        ValidateObject(obj, old, context, errors);
        return errors;
    }

    /// <summary>Checks the name beyond what paths allow; the detail of a fault, or null. Default: a DNS subdomain (RFC 1123).</summary>
    public virtual string? CheckName(string name, bool prefix) => Names.DnsSubdomain(name, prefix);

    /// <summary>A text for the <c>Warning:</c> header of every answer about this kind, reads too; null for most.</summary>
    public virtual string? Deprecation => null;

    /// <summary>Texts for <c>Warning:</c> headers of a write, beside <see cref="Deprecation"/>; empty for most.</summary>
    public virtual IEnumerable<string> Warnings(JsonObject obj, JsonObject? old) => [];

    /// <summary>The cells of the object's row, one per column of <see cref="Columns"/>.</summary>
    public virtual IReadOnlyList<JsonNode?> Row(JsonObject obj, DateTimeOffset now) => [Print.Name(obj), Print.Age(obj, now)];

    /// <summary>Converts a document of <see cref="Type"/> to <see cref="StorageType"/>, in place.</summary>
    public virtual void ToStorage(JsonObject obj)
    {
    }

    /// <summary>Converts a document of <see cref="StorageType"/> to <see cref="Type"/>, in place.</summary>
    public virtual void FromStorage(JsonObject obj)
    {
    }

    /// <summary>True when a created object brings its own status, as a node does that registers itself.</summary>
    protected internal virtual bool KeepsStatusOnCreate => false;

    /// <summary>The kind's own part of <see cref="Prepare"/>.</summary>
    protected virtual void PrepareObject(JsonObject obj, JsonObject? old, WriteContext context)
    {
    }

    /// <summary>The kind's own part of <see cref="Validate"/>; metadata is checked already.</summary>
    protected virtual void ValidateObject(JsonObject obj, JsonObject? old, WriteContext context, FieldErrors errors)
    {
    }

    private Dictionary<string, Func<JsonObject, string>> BuildFieldSelectors()
    {
        var all = new Dictionary<string, Func<JsonObject, string>>(MetadataFields);
        foreach (var (name, read) in ExtraFieldSelectors)
        {
            all[name] = read;
        }

        return all;
    }
}
