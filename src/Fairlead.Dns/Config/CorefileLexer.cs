using System.Text;

namespace Fairlead.Dns.Config;

/// <summary>A word of the text.</summary>
/// <param name="Text">Without quotes and escapes.</param>
/// <param name="Line">Where it begins, from 1.</param>
/// <param name="EndLine">Where it ends: quoted words may have more than one line.</param>
/// <param name="Quoted">It stood in quotes, so that a brace is only a brace.</param>
internal readonly record struct CorefileToken(string Text, int Line, int EndLine, bool Quoted)
{
    /// <summary>Opens a block.</summary>
    public bool Opens => !Quoted && Text == "{";

    /// <summary>Closes a block.</summary>
    public bool Closes => !Quoted && Text == "}";
}

/// <summary>
/// Takes a Corefile apart into words, as Caddy's lexer does: white space separates; quotes keep it together, with <c>\"</c> for a quote in them; <c>#</c>
/// where a word could begin makes the rest of the line a comment.
/// </summary>
internal ref struct CorefileLexer(string text, CorefileProblems problems)
{
    private const int MostTokens = 100_000;
    private int _at;
    private int _line = 1;

    /// <summary>All words.</summary>
    public List<CorefileToken> Read()
    {
        var tokens = new List<CorefileToken>();
        while (SkipToWord())
        {
            if (tokens.Count == MostTokens)
            {
                problems.Error(_line, $"more than {MostTokens} words");
                break;
            }

            tokens.Add(text[_at] == '"' ? Quoted() : Bare());
        }

        return tokens;
    }

    private bool SkipToWord()
    {
        for (; _at < text.Length; _at++)
        {
            if (text[_at] == '#')
            {
                _at = text.IndexOf('\n', _at) is var end and >= 0 ? end : text.Length;
                if (_at == text.Length)
                {
                    return false;
                }
            }

            if (text[_at] == '\n')
            {
                _line++;
            }
            else if (!char.IsWhiteSpace(text[_at]) && text[_at] != '\ufeff')
            {
                return true;
            }
        }

        return false;
    }

    private CorefileToken Bare()
    {
        var start = _at;
        while (_at < text.Length && !char.IsWhiteSpace(text[_at]))
        {
            _at++;
        }

        return new CorefileToken(text[start.._at], _line, _line, false);
    }

    private CorefileToken Quoted()
    {
        var (word, start) = (new StringBuilder(), _line);
        for (_at++; _at < text.Length && text[_at] != '"'; _at++)
        {
            if (text[_at] == '\\' && _at + 1 < text.Length && text[_at + 1] == '"')
            {
                _at++;
            }

            _line += text[_at] == '\n' ? 1 : 0;
            word.Append(text[_at]);
        }

        if (_at == text.Length)
        {
            problems.Error(start, "a quote is opened and not closed");
        }
        else
        {
            _at++;
        }

        return new CorefileToken(word.ToString(), start, _line, true);
    }
}
