namespace Fairlead.Dns.Config;

/// <summary>A line of a block: a plugin, or an option of one.</summary>
/// <param name="Name">Its first word.</param>
/// <param name="Line">Where it stands.</param>
/// <param name="Arguments">The other words of the line.</param>
/// <param name="Options">The lines in its braces.</param>
internal sealed record CorefileDirective(string Name, int Line, IReadOnlyList<string> Arguments, IReadOnlyList<CorefileDirective> Options);

/// <summary>A server block as it is written.</summary>
/// <param name="Keys">Its zones with their ports.</param>
/// <param name="Line">Where it begins.</param>
/// <param name="Plugins">Its lines.</param>
internal sealed record CorefileBlock(IReadOnlyList<CorefileToken> Keys, int Line, IReadOnlyList<CorefileDirective> Plugins);

/// <summary>
/// Finds the blocks of a Corefile, with its snippets put where they are imported. It never fails: what cannot be a Corefile is told in
/// <paramref name="problems"/>, and reading goes on behind it.
/// </summary>
internal sealed class CorefileParser(IReadOnlyList<CorefileToken> tokens, CorefileProblems problems)
{
    private const int MostDepth = 8;
    private const int MostDirectives = 20_000;
    private readonly Dictionary<string, List<CorefileToken>> _snippets = [];
    private readonly List<CorefileBlock> _blocks = [];
    private int _directives;

    /// <summary>All blocks.</summary>
    public List<CorefileBlock> Parse()
    {
        for (var at = 0; at < tokens.Count;)
        {
            if (tokens[at].Closes)
            {
                problems.Error(tokens[at].Line, "'}' closes nothing");
                at++;
            }
            else if (tokens[at] is { Quoted: false, Text: "import" })
            {
                at = TopImport(at);
            }
            else
            {
                at = Block(at);
            }
        }

        return _blocks;
    }

    private int TopImport(int at)
    {
        var line = tokens[at].Line;
        var next = at + 1;
        for (; next < tokens.Count && tokens[next].Line == line; next++)
        {
            Import(line, [tokens[next].Text], [], 0, onlyFiles: true);
        }

        return next;
    }

    private int Block(int at)
    {
        var line = tokens[at].Line;
        var keys = new List<CorefileToken>();
        var (braced, more) = (false, false);
        for (; at < tokens.Count; at++)
        {
            var token = tokens[at];
            if (keys.Count > 0 && !more && token.Line > keys[^1].EndLine && !token.Opens)
            {
                // Without braces, what follows the keys up to the end of the text is theirs.
                break;
            }

            if (token.Opens || token.Closes)
            {
                braced = token.Opens;
                at += braced ? 1 : 0;
                break;
            }

            more = token.Text.EndsWith(',');
            keys.Add(token with { Text = token.Text.TrimEnd(',') });
        }

        if (keys.Count > 0 && keys[^1] is { Quoted: false, Text: var last } && last.Length > 1 && last.EndsWith('{'))
        {
            problems.Error(keys[^1].Line, $"{CorefileProblems.Quote(last)}: a space is missing before the brace");
            (braced, keys[^1]) = (true, keys[^1] with { Text = last[..^1] });
        }

        if (keys.Count == 0)
        {
            problems.Error(line, "a block without a zone");
        }

        return keys is [{ Text: ['(', .., ')'] name }] ? Snippet(name[1..^1], line, at, braced) : Body(keys, line, at, braced);
    }

    private int Body(List<CorefileToken> keys, int line, int at, bool braced)
    {
        var plugins = new List<CorefileDirective>();
        at = Directives(tokens, at, plugins, 0);
        if (at < tokens.Count && braced)
        {
            at++;
        }
        else if (braced)
        {
            problems.Error(line, "the block is not closed: '}' is missing");
        }

        _blocks.Add(new CorefileBlock(keys, line, plugins));
        return at;
    }

    private int Snippet(string name, int line, int at, bool braced)
    {
        var body = new List<CorefileToken>();
        for (var depth = 0; at < tokens.Count && (depth > 0 || !tokens[at].Closes); at++)
        {
            depth += tokens[at].Opens ? 1 : tokens[at].Closes ? -1 : 0;
            body.Add(tokens[at]);
        }

        if (!braced || at == tokens.Count)
        {
            problems.Error(line, $"snippet {CorefileProblems.Quote(name)} has no block in braces");
        }
        else if (!_snippets.TryAdd(name, body))
        {
            problems.Error(line, $"snippet {CorefileProblems.Quote(name)} is there already");
        }

        return at + 1;
    }

    // Reads up to the brace that closes the block, or to the end; gives its place.
    private int Directives(IReadOnlyList<CorefileToken> source, int at, List<CorefileDirective> found, int depth)
    {
        while (at < source.Count && !source[at].Closes)
        {
            var first = source[at++];
            if (first.Opens)
            {
                problems.Error(first.Line, "'{' opens the block of nothing");
                at = Skip(source, at);
                continue;
            }

            var arguments = new List<string>();
            for (var line = first.EndLine; at < source.Count && source[at].Line == line && source[at] is { Opens: false, Closes: false }; at++)
            {
                line = source[at].EndLine;
                arguments.Add(source[at].Text);
            }

            var options = new List<CorefileDirective>();
            if (at < source.Count && source[at].Opens)
            {
                at = depth < MostDepth ? Directives(source, at + 1, options, depth + 1) : Skip(source, at + 1) - 1;
                Closed(source, ref at, first, depth);
            }

            Add(new CorefileDirective(first.Text, first.Line, arguments, options), found, depth);
        }

        return at;
    }

    private void Closed(IReadOnlyList<CorefileToken> source, ref int at, CorefileToken first, int depth)
    {
        if (depth >= MostDepth)
        {
            problems.Error(first.Line, $"braces more than {MostDepth} deep");
        }

        if (at >= source.Count)
        {
            problems.Error(first.Line, $"the block of {CorefileProblems.Quote(first.Text)} is not closed: '}}' is missing");
        }

        at = Math.Min(at + 1, source.Count);
    }

    private static int Skip(IReadOnlyList<CorefileToken> source, int at)
    {
        for (var depth = 1; at < source.Count && depth > 0; at++)
        {
            depth += source[at].Opens ? 1 : source[at].Closes ? -1 : 0;
        }

        return at;
    }

    private void Add(CorefileDirective directive, List<CorefileDirective> found, int depth)
    {
        if (directive.Name == "import")
        {
            Import(directive.Line, directive.Arguments, found, depth + 1, onlyFiles: false);
        }
        else if (++_directives <= MostDirectives)
        {
            found.Add(directive);
        }
        else if (_directives == MostDirectives + 1)
        {
            problems.Error(directive.Line, $"more than {MostDirectives} lines, imported ones among them");
        }
    }

    private void Import(int line, IReadOnlyList<string> arguments, List<CorefileDirective> found, int depth, bool onlyFiles)
    {
        if (arguments is not [var name])
        {
            problems.Error(line, "import: one snippet is named, without arguments");
        }
        else if (!onlyFiles && _snippets.TryGetValue(name, out var body))
        {
            // A snippet that imports itself ends here, and one that multiplies at the limit of lines.
            if (depth > MostDepth)
            {
                problems.Error(line, $"import: snippets more than {MostDepth} deep");
            }
            else if (_directives <= MostDirectives)
            {
                Directives(body, 0, found, depth);
            }
        }
        else if (name.AsSpan().ContainsAny("*?["))
        {
            problems.Warn(line, $"import {CorefileProblems.Quote(name)}: the files of CoreDNS's pod are not here; nothing is imported");
        }
        else
        {
            problems.Error(line, $"import {CorefileProblems.Quote(name)}: no such snippet before this line, and the files of CoreDNS's pod are not here");
        }
    }
}
