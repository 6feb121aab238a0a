namespace Fairlead.Dns.Config;

/// <summary>What is wrong with a text, and what of it is read but has no effect; as many as a person reads.</summary>
internal sealed class CorefileProblems
{
    private const int MostListed = 50;
    private readonly List<(int Line, string Text)> _errors = [];
    private readonly List<(int Line, string Text)> _warnings = [];
    private int _unlisted;

    /// <summary>There is an error.</summary>
    public bool Any => _errors.Count > 0;

    /// <summary>Every error, in the order of the lines.</summary>
    public IReadOnlyList<string> Errors => [.. Texts(_errors), .. _unlisted > 0 ? [$"and {_unlisted} more"] : Array.Empty<string>()];

    /// <summary>Every warning, in the order of the lines.</summary>
    public IReadOnlyList<string> Warnings => Texts(_warnings);

    /// <summary>Something that makes the whole text unusable. Line 0: it is not of one line.</summary>
    public void Error(int line, string text)
    {
        if (_errors.Count < MostListed)
        {
            _errors.Add((line, text));
        }
        else
        {
            _unlisted++;
        }
    }

    /// <summary>Something that is read and has no effect here.</summary>
    public void Warn(int line, string text)
    {
        if (_warnings.Count < MostListed)
        {
            _warnings.Add((line, text));
        }
    }

    /// <summary>What the text says, shortened and without control characters, for a message.</summary>
    public static string Quote(string text) =>
        $"\"{string.Concat(text.Take(80).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c))}{(text.Length > 80 ? "…" : "")}\"";

    private static string[] Texts(IEnumerable<(int Line, string Text)> problems) =>
        [.. problems.OrderBy(problem => problem.Line).Select(problem => problem.Line == 0 ? $"Corefile: {problem.Text}" : $"Corefile:{problem.Line}: {problem.Text}").Distinct()];
}
