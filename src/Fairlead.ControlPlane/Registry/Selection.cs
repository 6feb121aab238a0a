using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Store;
using Fairlead.Kube.Selectors;

namespace Fairlead.ControlPlane.Registry;

/// <summary>Which objects of a resource a list or watch is about.</summary>
internal sealed class Selection
{
    private readonly KindDefinition _kind;
    private readonly string _namespace;
    private readonly LabelSelector _labels;
    private readonly List<FieldTerm> _fields;

    /// <summary>Reads the selectors.</summary>
    /// <param name="kind">The kind selected from.</param>
    /// <param name="ns">Only this namespace; empty for all.</param>
    /// <param name="labels">A label selector, or empty.</param>
    /// <param name="fields">A field selector, or empty.</param>
    /// <exception cref="StatusException">400: a selector is malformed or names a field the kind does not have.</exception>
    public Selection(KindDefinition kind, string ns, string labels, string fields)
    {
        _kind = kind;
        _namespace = ns;
        _labels = ParseLabels(labels);
        _fields = [.. FieldSelector.Parse(fields)];
        if (_fields.Find(term => !kind.FieldSelectors.ContainsKey(term.Field)) is { } unknown)
        {
            throw StatusException.BadRequest($"field label not supported: {unknown.Field}");
        }
    }

    /// <summary>True when anything but the namespace is selected by.</summary>
    public bool Selects => _labels.Requirements.Count > 0 || _fields.Count > 0;

    /// <summary>The one object that can match, when the selectors name it; empty otherwise.</summary>
    public string OnlyName => _fields.Find(term => term is { Equal: true, Field: "metadata.name" })?.Value ?? "";

    /// <summary>True when <paramref name="stored"/> is selected.</summary>
    public bool Matches(StoredObject stored) =>
        (_namespace.Length == 0 || stored.Id.Namespace == _namespace) && _labels.Matches(stored.Labels) && MatchesFields(stored);

    private static LabelSelector ParseLabels(string text)
    {
        if (text.Length == 0)
        {
            return LabelSelector.Everything;
        }

        try
        {
            return LabelSelectorParser.Parse(text);
        }
        catch (FormatException e)
        {
            throw StatusException.BadRequest($"unable to parse requirement: {e.Message}");
        }
    }

    private bool MatchesFields(StoredObject stored)
    {
        Dictionary<string, string>? converted = null;
        foreach (var term in _fields)
        {
            var value = term.Field switch
            {
                "metadata.name" => stored.Id.Name,
                "metadata.namespace" => stored.Id.Namespace,
                _ when _kind.StorageType == _kind.Type => stored.Fields[term.Field] ?? "",
                _ => (converted ??= Convert(stored))[term.Field],
            };
            if (value == term.Value != term.Equal)
            {
                return false;
            }
        }

        return true;
    }

    private Dictionary<string, string> Convert(StoredObject stored)
    {
        var document = stored.Parse();
        _kind.FromStorage(document);
        return _fields.Select(term => term.Field).Distinct().ToDictionary(field => field, field => _kind.FieldSelectors[field](document));
    }
}
