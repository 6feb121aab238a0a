using System.Text;

namespace Fairlead.Kube.Kubeconfig;

/// <summary>
/// Edits the text of a kubeconfig: puts an entry in, takes it out. Everything else keeps its bytes: order, comments, style.
/// Both YAML and JSON files are edited, as JSON is YAML in flow style.
/// </summary>
public static class KubeconfigText
{
    private const string CurrentContextKey = "current-context";
    private static readonly string[] Sections = ["clusters", "contexts", "users"];

    /// <summary>The current context; empty when none is set.</summary>
    /// <exception cref="FormatException">The text is no kubeconfig.</exception>
    public static string CurrentContext(string text) => Root(text)?.Text(CurrentContextKey) ?? "";

    /// <summary>The entry put in (replacing one of its name), and made current if so wished.</summary>
    /// <param name="text">The file's text; empty for a new file.</param>
    /// <param name="entry">What to put in.</param>
    /// <param name="makeCurrent">Set current-context to it.</param>
    /// <exception cref="FormatException">The text is no kubeconfig; nothing can be put in without risk to what is there.</exception>
    public static string Merge(string text, KubeconfigEntry entry, bool makeCurrent)
    {
        var start = Root(text) is null ? "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\ncurrent-context: \"\"\n" : text;
        return Edit(start, entry.Name, [entry.Name], makeCurrent ? entry.Name : CurrentContext(text), () =>
        {
            var edited = RemoveEntries(start, entry.Name);
            foreach (var (section, field, values) in entry.Sections)
            {
                edited = Insert(edited, section, entry.Name, field, values);
            }

            return makeCurrent ? SetCurrent(edited, entry.Name) : edited;
        });
    }

    /// <summary>The entry taken out. If it is current, <paramref name="restore"/> becomes current; a user's other choice stays.</summary>
    /// <param name="text">The file's text.</param>
    /// <param name="name">The entry's name.</param>
    /// <param name="restore">What was current before; empty for none.</param>
    /// <exception cref="FormatException">The text is no kubeconfig; nothing can be taken out without risk to what is there.</exception>
    public static string Remove(string text, string name, string restore)
    {
        if (Root(text) is not { } root)
        {
            return text;
        }

        var current = root.Text(CurrentContextKey);
        return Edit(text, name, [], current == name ? restore : current, () => RemoveEntries(current == name ? SetCurrent(text, restore) : text, name));
    }

    /// <summary>True when the file holds no cluster, context or user.</summary>
    public static bool IsEmpty(string text) =>
        Root(text) is not { } root || Sections.All(section => root.Get(section)?.Items is not { Count: > 0 });

    private static MarkedNode? Root(string text)
    {
        var root = MarkedNode.Parse(text);
        return root is null || root is { Entries: null, Scalar: "" or "null" or "~" }
            ? null
            : root.Entries is null ? throw new FormatException("not a kubeconfig: the document is no mapping") : root;
    }

    // Editing goes by where things stand in the text. Should a text be stranger than the editing knows, nobody's file is written with the result.
    private static string Edit(string before, string name, string[] own, string current, Func<string> edit)
    {
        const string Risky = "the file is written in a way that cannot be edited without risk to what else is in it: edit it by hand";
        try
        {
            var after = edit();
            var holds = CurrentContext(after) == current && Array.TrueForAll(
                Sections, section => Names(after, section).SequenceEqual(Names(before, section).Where(other => other != name).Concat(own)));
            return holds ? after : throw new FormatException(Risky);
        }
        catch (ArgumentOutOfRangeException e)
        {
            throw new FormatException(Risky, e);
        }
    }

    private static IEnumerable<string> Names(string text, string section) => Root(text)?.Get(section)?.Items?.Select(item => item.Text("name")) ?? [];

    private static string RemoveEntries(string text, string name)
    {
        foreach (var section in Sections)
        {
            while (Root(text)!.Get(section) is { Items: { } items } sequence && items.FindIndex(item => item.Text("name") == name) is var index and >= 0)
            {
                text = sequence.IsFlow ? RemoveFlow(text, items, index) : RemoveBlock(text, sequence, index);
            }
        }

        return text;
    }

    private static string RemoveFlow(string text, List<MarkedNode> items, int index)
    {
        // With its comma: the one before it, or the one after when it is the first.
        var start = index > 0 ? items[index - 1].End : items[index].Start;
        var end = index > 0 || items.Count == 1 ? items[index].End : items[index + 1].Start;
        return text.Remove(start, end - start);
    }

    private static string RemoveBlock(string text, MarkedNode sequence, int index)
    {
        var item = sequence.Items![index];
        var start = LineStart(text, text.LastIndexOf('-', item.Start));
        var end = LineEnd(text, item.End);
        if (sequence.Items.Count > 1)
        {
            return text.Remove(start, end - start);
        }

        // The last one gone leaves an empty list behind its key, not a key without a value.
        var key = start - 1;
        return string.Concat(text.AsSpan(0, key), " []", text.AsSpan(key, 1), text.AsSpan(end));
    }

    private static string Insert(string text, string section, string name, string field, IReadOnlyList<(string Key, string Value)> values)
    {
        var root = Root(text)!;
        var sequence = root.Get(section);
        var fields = string.Join(',', values.Select(value => $"\"{value.Key}\":\"{value.Value}\""));
        var flow = $"{{\"name\":\"{name}\",\"{field}\":{{{fields}}}}}";
        if (sequence is { IsFlow: true, Items.Count: > 0 })
        {
            return text.Insert(sequence.Items[^1].End, "," + flow);
        }

        if (root.IsFlow)
        {
            return sequence is { Items: not null }
                ? text.Insert(sequence.End - 1, flow)
                : text.Insert(root.End - 1, $"{(root.Entries!.Count > 0 ? "," : "")}\"{section}\":[{flow}]");
        }

        if (sequence is { Items.Count: > 0 })
        {
            var dash = text.LastIndexOf('-', sequence.Items[^1].Start);
            var indent = dash - LineStart(text, dash);
            var at = LineEnd(text, sequence.Items[^1].End);
            return text.Insert(at, LineBreakIfMissing(text, at) + Block(indent, name, field, values));
        }

        if (sequence is not null)
        {
            // An empty list or null: the value gives way to a block.
            var key = root.Entries!.Find(entry => entry.Value == sequence).Key;
            var colon = text.IndexOf(':', key.End);
            var lineEnd = LineEnd(text, Math.Max(sequence.End, colon + 1));
            return string.Concat(text.AsSpan(0, colon + 1), "\n", Block(0, name, field, values), text.AsSpan(lineEnd));
        }

        return $"{text}{LineBreakIfMissing(text, text.Length)}{section}:\n{Block(0, name, field, values)}";
    }

    private static string Block(int indent, string name, string field, IReadOnlyList<(string Key, string Value)> values)
    {
        var pad = new string(' ', indent);
        var block = new StringBuilder().Append(pad).Append("- ").Append(field).Append(":\n");
        foreach (var (key, value) in values)
        {
            block.Append(pad).Append("    ").Append(key).Append(": ").Append(value).Append('\n');
        }

        return block.Append(pad).Append("  name: ").Append(name).Append('\n').ToString();
    }

    private static string SetCurrent(string text, string context)
    {
        var root = Root(text)!;
        var quoted = context.Length > 0 && context.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '@' or '/') && char.IsAsciiLetter(context[0]) && !root.IsFlow
            ? context
            : $"\"{context.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
        if (root.Get(CurrentContextKey) is { } current)
        {
            return current.Start == current.End && !root.IsFlow && text[current.Start - 1] == ':'
                ? text.Insert(current.Start, " " + quoted)
                : string.Concat(text.AsSpan(0, current.Start), quoted, text.AsSpan(current.End));
        }

        return root.IsFlow
            ? text.Insert(root.End - 1, $"{(root.Entries!.Count > 0 ? "," : "")}\"{CurrentContextKey}\":{quoted}")
            : $"{text}{LineBreakIfMissing(text, text.Length)}{CurrentContextKey}: {quoted}\n";
    }

    private static string LineBreakIfMissing(string text, int at) => at == 0 || text[at - 1] == '\n' ? "" : "\n";

    private static int LineStart(string text, int at) => at <= 0 ? 0 : text.LastIndexOf('\n', at - 1) + 1;

    private static int LineEnd(string text, int at)
    {
        if (at > 0 && text[at - 1] == '\n')
        {
            return at;
        }

        var end = text.IndexOf('\n', at);
        return end < 0 ? text.Length : end + 1;
    }
}
