namespace Fairlead.Fuzz;

/// <summary>One reader of foreign bytes.</summary>
/// <param name="Name">Its name, and that of its folder of the corpus.</param>
/// <param name="Run">Reads; what it gives tells kinds of outcome apart, so that inputs with a new one are kept and mutated further.</param>
public sealed record FuzzTarget(string Name, Func<byte[], object?> Run)
{
    /// <summary>What the reader says it throws.</summary>
    public Func<Exception, bool> Declared { get; init; } = _ => false;

    /// <summary>Words of the language, put in by mutations.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    /// <summary>Inputs besides the files of the corpus.</summary>
    public Func<IEnumerable<byte[]>> Seeds { get; init; } = () => [];

    /// <summary>How many inputs are tried when nobody says how many.</summary>
    public int Inputs { get; init; } = 200_000;

    /// <summary>The longest input tried, in bytes.</summary>
    public int MostBytes { get; init; } = 16 * 1024;

    /// <summary>Memory that reading may allocate, in MiB, whatever the input.</summary>
    public int AllocationMiB { get; init; } = 16;

    /// <summary>Memory that reading may allocate beside, in bytes for each byte of the input.</summary>
    public int AllocationPerByte { get; init; } = 2048;
}
