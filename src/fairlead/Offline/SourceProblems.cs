using Fairlead.Terminal;

namespace Fairlead.Offline;

/// <summary>What is wrong with files that were given: all of it is told at once.</summary>
internal sealed class SourceProblems
{
    private const int Most = 20;

    private readonly List<string> _all = [];

    /// <summary>What was found, in order.</summary>
    public IReadOnlyList<string> All => _all;

    /// <summary>Adds one.</summary>
    public void Add(SourcePlace at, string what) => _all.Add($"{at}: {what}");

    /// <summary>Adds one about a whole file.</summary>
    public void Add(string file, string what) => _all.Add($"{file}: {what}");

    /// <summary>Does nothing when there is none.</summary>
    /// <param name="hint">What to do about them.</param>
    /// <exception cref="UserError">There is one at least; exit code 2.</exception>
    public void ThrowIfAny(string hint)
    {
        if (_all.Count > 0)
        {
            var more = _all.Count > Most ? $"\n… and {_all.Count - Most} more" : "";
            throw new UserError(string.Join('\n', _all.Take(Most)) + more, hint, ExitCodes.Usage);
        }
    }
}
