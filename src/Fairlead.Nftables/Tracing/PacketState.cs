using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Objects;

namespace Fairlead.Nftables.Tracing;

/// <summary>A packet on its way: what rules have made of it so far.</summary>
internal sealed class PacketState(Packet packet, DynamicElements dynamic, Func<uint, uint> random, TraceHost host)
{
    public Packet Original { get; } = packet;

    public Packet Packet { get; set; } = packet;

    public uint Priority { get; set; }

    public string OutInterface { get; set; } = "";

    public TraceVerdict Verdict { get; set; }

    public RejectKind? Refusal { get; set; }

    public bool Masqueraded { get; set; }

    public int Translations { get; set; }

    public List<string> Steps { get; } = [];

    public DynamicElements Dynamic { get; } = dynamic;

    public Func<uint, uint> Random { get; } = random;

    public TraceHost Host { get; } = host;
}

/// <summary>What rules have put into dynamic sets and maps, by table, container and key.</summary>
internal sealed class DynamicElements
{
    private readonly Dictionary<(string Table, string Container), Dictionary<Datum, Datum>> _elements = [];

    public bool TryGet(string table, string container, Datum key, out Datum value)
    {
        value = default;
        return _elements.TryGetValue((table, container), out var elements) && elements.TryGetValue(key, out value);
    }

    /// <summary>False when it is full.</summary>
    public bool Add(string table, Container container, int present, Datum key, Datum value)
    {
        if (!_elements.TryGetValue((table, container.Name), out var elements))
        {
            _elements[(table, container.Name)] = elements = [];
        }

        return elements.ContainsKey(key) || (elements.Count + present < container.Size && elements.TryAdd(key, value));
    }

    public void Delete(string table, string container, Datum key)
    {
        if (_elements.TryGetValue((table, container), out var elements))
        {
            elements.Remove(key);
        }
    }
}
