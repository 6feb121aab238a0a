using System.Text.Json.Nodes;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Cluster.Reflectors;

/// <summary>
/// What the readers of policies share: they read documents that may be malformed, and must know of every part that is not understood, as a part less may
/// allow more.
/// </summary>
/// <param name="faults">Receives what is not understood, as <c>FIELD: REASON</c>.</param>
internal sealed class PolicyFields(List<string> faults)
{
    /// <summary>Notes a field that is not understood.</summary>
    public void Fault(string path, string reason) => faults.Add($"{path}: {reason}");

    /// <summary>Notes a field that is not understood; nothing stands for it.</summary>
    public T? Fault<T>(string path, string reason)
        where T : class
    {
        Fault(path, reason);
        return null;
    }

    /// <summary>True when something stands there, however malformed: only what is absent or an empty list means "all".</summary>
    public static bool Lists(JsonObject? node, string name) => node?[name] is not (null or JsonArray { Count: 0 });

    /// <summary>The items of a list that are understood, each with its index; the others are noted.</summary>
    public List<(int Index, T Item)> Items<T>(JsonObject? node, string name, string path, Func<JsonObject, string, T?> read)
        where T : class
    {
        var items = new List<(int, T)>();
        if (node?[name] is not JsonArray list)
        {
            if (node?[name] is not null)
            {
                Fault($"{path}.{name}", "no list");
            }

            return items;
        }

        for (var i = 0; i < list.Count; i++)
        {
            var place = $"{path}.{name}[{i}]";
            if (list[i] is not JsonObject item)
            {
                Fault(place, "no object");
            }
            else if (read(item, place) is { } understood)
            {
                items.Add((i, understood));
            }
        }

        return items;
    }

    /// <summary>The selector at <paramref name="name"/>; null when it is absent, and when it cannot be understood, which is noted.</summary>
    public LabelSelector? Selector(JsonObject? node, string name, string path)
    {
        if (node?[name] is not { } found)
        {
            return null;
        }

        if (found is not JsonObject selector)
        {
            return Fault<LabelSelector>($"{path}.{name}", "no selector");
        }

        try
        {
            return LabelSelectorReader.Read(selector);
        }
        catch (FormatException e)
        {
            return Fault<LabelSelector>($"{path}.{name}", e.Message);
        }
    }

    /// <summary>The ranges at <paramref name="name"/>, none when it is absent; null when one is no range, which is noted.</summary>
    public ValueArray<IpNet>? Networks(JsonObject node, string name, string path)
    {
        if (node[name] is null)
        {
            return default(ValueArray<IpNet>);
        }

        if (node[name] is not JsonArray list)
        {
            Fault($"{path}.{name}", "no list");
            return null;
        }

        var networks = new List<IpNet>();
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] is not JsonValue value || !value.TryGetValue<string>(out var text) || !IpNet.TryParse(text.Trim(), out var network))
            {
                Fault($"{path}.{name}[{i}]", "no range of addresses");
                return null;
            }

            networks.Add(network);
        }

        return networks.ToValueArray();
    }
}
