namespace Fairlead.Kube.Schema;

/// <summary>Reads the schema text (Text/README.md). Types first, fields second, because fields name types that come later.</summary>
internal sealed class SchemaReader
{
    private readonly List<ObjectSchema> _types = [];
    private readonly Dictionary<string, ObjectSchema> _byFullName = [];
    private readonly Dictionary<string, ObjectSchema> _byName = [];
    private readonly List<(ObjectSchema Owner, string Line)> _lines = [];
    private string _package = "";
    private string _group = "";
    private string _version = "";

    public IReadOnlyList<ObjectSchema> Types => _types;

    /// <summary>Reads one part; several parts may refer to each other.</summary>
    public void ReadTypes(string text)
    {
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line[0] == ' ')
            {
                _lines.Add((_types[^1], line[1..]));
            }
            else if (line.StartsWith("package ", StringComparison.Ordinal))
            {
                var words = line.Split(' ');
                var slash = words[2].IndexOf('/', StringComparison.Ordinal);
                (_package, _group, _version) = (words[1], words[2][..slash], words[2][(slash + 1)..]);
            }
            else
            {
                ReadType(line);
            }
        }
    }

    /// <summary>Resolves all fields, once every part was read.</summary>
    public void ReadFields()
    {
        foreach (var (owner, line) in _lines)
        {
            if (line.StartsWith("...", StringComparison.Ordinal))
            {
                foreach (var field in Find(owner.Package, line[3..]).Fields)
                {
                    owner.Add(field);
                }
            }
            else
            {
                owner.Add(ReadField(owner, line));
            }
        }
    }

    private void ReadType(string line)
    {
        var (head, description) = Split(line);
        var words = head.Split(' ');
        var type = NewType(words[0], description);
        type.IsOpen = words.Contains("open");
        if (words.Contains("kind"))
        {
            MakeDocument(type);
        }

        if (words.Contains("list"))
        {
            var list = NewType(type.Name + "List", $"A list of {type.Name} objects.");
            MakeDocument(list);
            list.IsList = true;
            _lines.Add((list, $"items! [{type.Name}]: The objects."));
            _lines.Add((list, "metadata ListMeta: Version and continuation of the list."));

            // The lines that follow belong to the last type, which must be the kind itself.
            _types.Remove(list);
            _types.Insert(_types.Count - 1, list);
        }
    }

    private void MakeDocument(ObjectSchema type)
    {
        (type.Group, type.Version, type.IsDocument) = (_group, _version, true);
        _lines.Add((type, "apiVersion string: Version of the schema that the document follows."));
        _lines.Add((type, "kind string: Kind of the document, in CamelCase."));
    }

    private ObjectSchema NewType(string name, string description)
    {
        var type = new ObjectSchema(_package, name, description);
        _types.Add(type);
        _byFullName.Add(type.FullName, type);
        _byName.TryAdd(name, type);
        return type;
    }

    private FieldSchema ReadField(ObjectSchema owner, string line)
    {
        var (head, description) = Split(line);
        var words = head.Split(' ');
        var type = ReadValueType(owner, words[1]);
        var options = words.AsSpan(2);
        var mergeKey = Option(options, "merge=");
        var mapKeys = (Option(options, "map=") ?? mergeKey)?.Split(',') ?? [];
        var merges = mergeKey is not null || options.Contains("merge");
        return new FieldSchema
        {
            Name = words[0].TrimEnd('!'),
            Type = type,
            Description = description,
            Required = words[0].EndsWith('!'),
            Merges = merges,
            MergeKey = mergeKey ?? "",
            RetainsKeys = options.Contains("retain"),
            ListType = ListType(type, options, mapKeys.Length > 0, merges),
            MapKeys = options.Contains("atomic") ? [] : mapKeys,
        };
    }

    private static string ListType(ValueType type, ReadOnlySpan<string> options, bool hasKeys, bool merges) => type.Shape switch
    {
        ValueShape.List => options.Contains("atomic") ? "atomic" : hasKeys ? "map" : merges || options.Contains("set") ? "set" : "atomic",
        ValueShape.Map => options.Contains("atomic") ? "atomic" : "",
        _ => "",
    };

    private ValueType ReadValueType(ObjectSchema owner, string text) => text switch
    {
        ['[', .. var element, ']'] => new(ValueShape.List, ReadValueType(owner, element)),
        ['{', .. var element, '}'] => new(ValueShape.Map, ReadValueType(owner, element)),
        "string" => new(ValueShape.String),
        "int32" => new(ValueShape.Int32),
        "int64" => new(ValueShape.Int64),
        "bool" => new(ValueShape.Bool),
        "bytes" => new(ValueShape.Bytes),
        "quantity" => new(ValueShape.Quantity),
        "intOrString" => new(ValueShape.IntOrString),
        "time" => new(ValueShape.Time),
        "microTime" => new(ValueShape.MicroTime),
        "any" => new(ValueShape.Any),
        _ => new(ValueShape.Object, Object: Find(owner.Package, text)),
    };

    private ObjectSchema Find(string package, string name) =>
        _byFullName.GetValueOrDefault($"{package}.{name}") ?? _byName.GetValueOrDefault(name)
        ?? throw new FormatException($"schema: no type {name} for {package}");

    private static (string Head, string Description) Split(string line)
    {
        var colon = line.IndexOf(": ", StringComparison.Ordinal);
        return colon < 0 ? throw new FormatException($"schema: no description in '{line}'") : (line[..colon], line[(colon + 2)..]);
    }

    private static string? Option(ReadOnlySpan<string> options, string prefix)
    {
        foreach (var option in options)
        {
            if (option.StartsWith(prefix, StringComparison.Ordinal))
            {
                return option[prefix.Length..];
            }
        }

        return null;
    }
}
