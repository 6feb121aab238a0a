using System.Globalization;

namespace Fairlead.Kube.Yaml;

/// <summary>
/// Where a value stands in its text: a member at its key, an item at its own beginning, an alias at the alias; what is below an alias or came in by a
/// merge key, where it was written.
/// </summary>
/// <param name="line">From 1.</param>
/// <param name="column">From 1.</param>
public sealed class YamlPlace(int line, int column)
{
    private Dictionary<string, YamlPlace>? _members;
    private List<YamlPlace>? _items;

    /// <summary>The line, from 1.</summary>
    public int Line => line;

    /// <summary>The column, from 1.</summary>
    public int Column => column;

    /// <summary>
    /// The place of a field as the API names it, <c>spec.ingress[0].from[1]</c>; a key that holds dots may follow a dot or stand in brackets
    /// (<c>metadata.labels[app.kubernetes.io/name]</c>). Of a field that is not there, the place of the innermost value around it that is.
    /// </summary>
    public YamlPlace Find(string path)
    {
        var rest = path.AsSpan();
        var place = this;
        while (!rest.IsEmpty && place.Step(ref rest) is { } next)
        {
            place = next;
        }

        return place;
    }

    /// <summary><c>LINE:COLUMN</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Line}:{Column}");

    internal YamlPlace AddMember(string name, YamlPlace place)
    {
        (_members ??= new Dictionary<string, YamlPlace>(StringComparer.Ordinal)).TryAdd(name, place);
        return place;
    }

    internal YamlPlace AddItem(YamlPlace place)
    {
        (_items ??= []).Add(place);
        return place;
    }

    /// <summary>What is below <paramref name="other"/> is below this place too: an alias of it.</summary>
    internal void Share(YamlPlace other) => (_members, _items) = (other._members, other._items);

    /// <summary>The members of <paramref name="other"/>, or of its items, that this place has not yet: a merge key.</summary>
    internal void Merge(YamlPlace other)
    {
        foreach (var source in other._items ?? [other])
        {
            foreach (var (name, place) in source._members ?? [])
            {
                AddMember(name, place);
            }
        }
    }

    private YamlPlace? Step(ref ReadOnlySpan<char> rest)
    {
        if (rest[0] == '[' && rest.IndexOf(']') is var end and > 0)
        {
            var inside = rest[1..end];
            rest = rest[(end + 1)..];
            return int.TryParse(inside, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && _items is not null
                ? index < _items.Count ? _items[index] : null
                : _members?.GetValueOrDefault(inside.ToString());
        }

        rest = rest[0] == '.' ? rest[1..] : rest;
        var (name, found) = ("", default(YamlPlace));
        foreach (var (key, place) in _members ?? [])
        {
            if (key.Length >= name.Length && rest.StartsWith(key, StringComparison.Ordinal) && (rest.Length == key.Length || rest[key.Length] is '.' or '['))
            {
                (name, found) = (key, place);
            }
        }

        rest = found is null ? default : rest[name.Length..];
        return found;
    }
}
