using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.Commands;
using Fairlead.Kube.Documents;
using Fairlead.Offline;

namespace Fairlead.Expectations;

/// <summary>Reads the fields of one object of a file that must hold nothing else; what is wrong is told at its line.</summary>
internal sealed class StrictFields
{
    private readonly JsonObject _node;
    private readonly Func<string, SourcePlace> _at;
    private readonly SourceProblems _problems;

    /// <summary>Makes one; fields that are not among <paramref name="known"/> are problems.</summary>
    /// <param name="node">The object.</param>
    /// <param name="at">Where a field of it stands.</param>
    /// <param name="problems">Takes what is wrong.</param>
    /// <param name="known">Every field that it may have.</param>
    public StrictFields(JsonObject node, Func<string, SourcePlace> at, SourceProblems problems, params string[] known)
    {
        (_node, _at, _problems) = (node, at, problems);
        foreach (var (name, _) in node)
        {
            if (!known.Contains(name))
            {
                var meant = UsageErrors.Closest(name, known) is { } near ? $"did you mean {near}?" : $"known are {string.Join(", ", known)}";
                Fault(name, $"unknown field \"{name}\": {meant}");
            }
        }
    }

    /// <summary>The object itself.</summary>
    public JsonObject Node => _node;

    /// <summary>Where a field stands.</summary>
    public SourcePlace At(string field) => _at(field);

    /// <summary>Tells what is wrong with a field.</summary>
    public void Fault(string field, string what) => _problems.Add(_at(field), what);

    /// <summary>A text; empty when the field is absent, or, with a problem, something else.</summary>
    public string Text(string field)
    {
        if (_node[field] is not { } value)
        {
            return "";
        }

        if (value is JsonValue && value.GetValueKind() is JsonValueKind.String or JsonValueKind.Number)
        {
            return _node.IntOrText(field);
        }

        Fault(field, $"{field} must be text");
        return "";
    }

    /// <summary>The objects or texts of a list, each with its path; a single one counts as a list of one.</summary>
    public IEnumerable<(JsonNode Item, string Path)> Items(string field)
    {
        if (_node[field] is not JsonArray list)
        {
            return _node[field] is { } single ? [(single, field)] : [];
        }

        return list.Select((item, i) => (Item: item, Path: $"{field}[{i}]")).Where(one => one.Item is not null).Select(one => (one.Item!, one.Path));
    }
}
