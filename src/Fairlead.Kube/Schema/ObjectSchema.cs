namespace Fairlead.Kube.Schema;

/// <summary>One type of object: its fields and, for a document, its group, version and kind.</summary>
public sealed class ObjectSchema : IMergeKeys
{
    private readonly Dictionary<string, FieldSchema> _fields = [];

    private readonly Dictionary<string, MergeRule> _rules = [];

    internal ObjectSchema(string package, string name, string description)
    {
        Package = package;
        Name = name;
        Description = description;
    }

    /// <summary>The OpenAPI package, such as <c>io.k8s.api.core.v1</c>.</summary>
    public string Package { get; }

    /// <summary>Name within the package, such as <c>PodSpec</c>.</summary>
    public string Name { get; }

    /// <summary>Name in OpenAPI documents, such as <c>io.k8s.api.core.v1.PodSpec</c>.</summary>
    public string FullName => $"{Package}.{Name}";

    /// <summary>What it is, in a sentence.</summary>
    public string Description { get; }

    /// <summary>API group of a document; empty for the core group and for types that are no document.</summary>
    public string Group { get; internal set; } = "";

    /// <summary>API version of a document.</summary>
    public string Version { get; internal set; } = "";

    /// <summary>True for a document with apiVersion and kind.</summary>
    public bool IsDocument { get; internal set; }

    /// <summary>True for the list of a kind.</summary>
    public bool IsList { get; internal set; }

    /// <summary>True when any field is allowed.</summary>
    public bool IsOpen { get; internal set; }

    /// <summary>The apiVersion of a document.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The fields, in the order of the schema text.</summary>
    public IReadOnlyCollection<FieldSchema> Fields => _fields.Values;

    /// <summary>The field of that name, or null.</summary>
    public FieldSchema? Field(string name) => _fields.GetValueOrDefault(name);

    /// <inheritdoc/>
    public MergeRule? Rule(string field) => _rules.GetValueOrDefault(field);

    /// <inheritdoc/>
    public override string ToString() => FullName;

    internal void Add(FieldSchema field)
    {
        if (!_fields.TryAdd(field.Name, field))
        {
            throw new FormatException($"schema: {FullName} has the field {field.Name} twice");
        }

        _rules[field.Name] = field.ToMergeRule();
    }
}
