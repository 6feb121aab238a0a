using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Fairlead.Kube.Kubeconfig;

/// <summary>
/// A YAML node that knows where in the text it stands, so that a file can be edited without rewriting what is not ours.
/// Anchors and aliases are refused: an edit beside one could change another entry.
/// </summary>
internal sealed class MarkedNode
{
    private const int MaxDepth = 32;

    /// <summary>Index of the node's first character.</summary>
    public required int Start { get; init; }

    /// <summary>Index after the last character that belongs to it; for a block collection that of its last content.</summary>
    public int End { get; private set; }

    /// <summary>The text of a scalar; null for collections.</summary>
    public string? Scalar { get; private init; }

    /// <summary>Written in flow style (<c>{}</c>, <c>[]</c>), as JSON is.</summary>
    public bool IsFlow { get; private init; }

    /// <summary>Items of a sequence; null for anything else.</summary>
    public List<MarkedNode>? Items { get; private init; }

    /// <summary>Entries of a mapping; null for anything else.</summary>
    public List<(MarkedNode Key, MarkedNode Value)>? Entries { get; private init; }

    /// <summary>Parses the one document of <paramref name="text"/>; null when it is empty.</summary>
    /// <exception cref="FormatException">Not one YAML document, with line and column.</exception>
    public static MarkedNode? Parse(string text)
    {
        try
        {
            var parser = new Parser(new StringReader(text));
            parser.Consume<StreamStart>();
            if (!parser.TryConsume<DocumentStart>(out _))
            {
                return null;
            }

            var root = Read(parser, MaxDepth);
            parser.Consume<DocumentEnd>();
            return parser.Accept<StreamEnd>(out _) ? root : throw new FormatException("more than one document");
        }
        catch (YamlException e)
        {
            throw new FormatException($"line {e.Start.Line}, column {e.Start.Column}: {e.Message}", e);
        }
        catch (InvalidOperationException e)
        {
            // The parser's own, on some texts that are no YAML.
            throw new FormatException($"it is not YAML: {e.Message}", e);
        }
    }

    /// <summary>The value of <paramref name="key"/> in a mapping, or null.</summary>
    public MarkedNode? Get(string key) => Entries?.Find(entry => entry.Key.Scalar == key).Value;

    /// <summary>The scalar of <paramref name="key"/>; empty when absent.</summary>
    public string Text(string key) => Get(key)?.Scalar ?? "";

    private static MarkedNode Read(Parser parser, int depth)
    {
        if (depth == 0)
        {
            throw new FormatException("nested too deeply");
        }

        switch (parser.Current)
        {
            case Scalar scalar when scalar.Anchor.IsEmpty:
                parser.MoveNext();
                return new MarkedNode { Start = (int)scalar.Start.Index, End = (int)scalar.End.Index, Scalar = scalar.Value };
            case SequenceStart start when start.Anchor.IsEmpty:
                return ReadSequence(parser, start, depth);
            case MappingStart start when start.Anchor.IsEmpty:
                return ReadMapping(parser, start, depth);
            default:
                throw new FormatException($"line {parser.Current?.Start.Line}: anchors and aliases are not edited");
        }
    }

    private static MarkedNode ReadSequence(Parser parser, SequenceStart start, int depth)
    {
        parser.MoveNext();
        var node = new MarkedNode
        {
            Start = (int)start.Start.Index,
            End = (int)start.End.Index,
            Items = [],
            IsFlow = start.Style == SequenceStyle.Flow,
        };
        while (!parser.Accept<SequenceEnd>(out _))
        {
            node.Items.Add(Read(parser, depth - 1));
        }

        var end = parser.Consume<SequenceEnd>();
        node.End = node.IsFlow ? (int)end.Start.Index + 1 : node.Items.Count > 0 ? node.Items[^1].End : node.End;
        return node;
    }

    private static MarkedNode ReadMapping(Parser parser, MappingStart start, int depth)
    {
        parser.MoveNext();
        var node = new MarkedNode
        {
            Start = (int)start.Start.Index,
            End = (int)start.End.Index,
            Entries = [],
            IsFlow = start.Style == MappingStyle.Flow,
        };
        while (!parser.Accept<MappingEnd>(out _))
        {
            var key = Read(parser, depth - 1);
            node.Entries.Add((key, Read(parser, depth - 1)));
        }

        var end = parser.Consume<MappingEnd>();
        node.End = node.IsFlow ? (int)end.Start.Index + 1 : node.Entries.Count > 0 ? Math.Max(node.Entries[^1].Value.End, node.Entries[^1].Key.End) : node.End;
        return node;
    }
}
