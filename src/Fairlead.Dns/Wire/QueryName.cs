namespace Fairlead.Dns.Wire;

/// <summary>A name in lower case with its labels counted, over scratch memory of the caller.</summary>
internal readonly ref struct QueryName
{
    /// <summary>The most labels a name has: of 255 bytes each takes two.</summary>
    public const int MaxLabels = 128;

    private readonly ReadOnlySpan<byte> _wire;
    private readonly ReadOnlySpan<byte> _labels;

    /// <param name="name">In wire form, any case.</param>
    /// <param name="wire">Scratch of <see cref="DnsReader.MaxName"/> bytes.</param>
    /// <param name="labels">Scratch of <see cref="MaxLabels"/> bytes.</param>
    public QueryName(ReadOnlySpan<byte> name, Span<byte> wire, Span<byte> labels)
    {
        DnsName.ToLower(name, wire);
        _wire = wire[..name.Length];
        var count = 0;
        for (var at = 0; wire[at] != 0; at += 1 + wire[at])
        {
            labels[count++] = (byte)at;
        }

        _labels = labels[..count];
    }

    /// <summary>The whole name.</summary>
    public ReadOnlySpan<byte> Wire => _wire;

    /// <summary>Number of labels, the root not counted.</summary>
    public int Count => _labels.Length;

    /// <summary>One label without its length byte.</summary>
    public ReadOnlySpan<byte> Label(int index) => _wire.Slice(_labels[index] + 1, _wire[_labels[index]]);

    /// <summary>The labels from <paramref name="first"/> up to <paramref name="end"/>, with their length bytes and no root.</summary>
    public ReadOnlySpan<byte> Labels(int first, int end) => _wire[_labels[first]..(end < Count ? _labels[end] : _wire.Length - 1)];

    /// <summary>The labels from <paramref name="first"/> on, with the root: a name.</summary>
    public ReadOnlySpan<byte> From(int first) => first == Count ? _wire[^1..] : _wire[_labels[first]..];

    /// <summary>How many labels stand before <paramref name="zone"/>; -1 when the name is not in it.</summary>
    /// <param name="zone">Lower case, wire form.</param>
    /// <param name="zoneLabels">Number of its labels.</param>
    public int LabelsBefore(ReadOnlySpan<byte> zone, int zoneLabels)
    {
        var before = Count - zoneLabels;
        return before >= 0 && From(before).SequenceEqual(zone) ? before : -1;
    }
}
