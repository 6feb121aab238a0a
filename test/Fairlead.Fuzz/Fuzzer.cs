using System.Diagnostics;

namespace Fairlead.Fuzz;

/// <summary>
/// Tries a reader with mutated inputs. Inputs with an outcome not seen before join the pool that later ones are made of. Seed and count decide everything:
/// a run can be repeated.
/// </summary>
/// <param name="target">The reader.</param>
/// <param name="corpus">The inputs to begin with.</param>
/// <param name="seed">Of the random numbers.</param>
public sealed class Fuzzer(FuzzTarget target, IReadOnlyList<byte[]> corpus, int seed)
{
    private const int MostPooled = 2000;
    private readonly List<byte[]> _pool = [.. corpus];
    private readonly HashSet<string> _outcomes = [];

    /// <summary>Called with every input before it is tried.</summary>
    public Action<byte[]> Trying { get; init; } = _ => { };

    /// <summary>How long a reader may take; null: not looked at, since it depends on the machine.</summary>
    public TimeSpan? MostTime { get; init; }

    /// <summary>Outcomes seen that differ.</summary>
    public int Outcomes => _outcomes.Count;

    /// <summary>The corpus folder of <paramref name="target"/> beside the program, and the inputs it makes itself.</summary>
    public static IReadOnlyList<byte[]> Corpus(FuzzTarget target)
    {
        var directory = Path.Combine(AppContext.BaseDirectory, "corpus", target.Name);
        var files = Directory.Exists(directory) ? Directory.GetFiles(directory).Order(StringComparer.Ordinal) : Enumerable.Empty<string>();
        return [.. files.Select(File.ReadAllBytes), .. target.Seeds()];
    }

    /// <summary>Tries the corpus, then <paramref name="count"/> mutations; null when all went well.</summary>
    public Finding? Run(int count)
    {
        foreach (var input in corpus)
        {
            if (Try(input) is { } finding)
            {
                return finding;
            }
        }

        var random = new Random(seed);
        var mutator = new Mutator(target, random);
        for (var i = 0; i < count; i++)
        {
            var input = _pool.Count == 0 ? [] : _pool[random.Next(_pool.Count)];
            var other = _pool.Count == 0 ? [] : _pool[random.Next(_pool.Count)];
            var mutated = mutator.Mutate(input, other);
            if (Try(mutated) is { } finding)
            {
                return finding;
            }
        }

        return null;
    }

    /// <summary>Tries one input; null when all went well.</summary>
    public Finding? Try(byte[] input)
    {
        Trying(input);
        var allocated = GC.GetAllocatedBytesForCurrentThread();
        var started = Stopwatch.GetTimestamp();
        string outcome;
        try
        {
            outcome = $"{target.Run(input)}";
        }
        catch (Exception e) when (target.Declared(e))
        {
            outcome = e.GetType().Name + Shape(e.Message);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return new Finding(target.Name, input, $"an exception that is not declared: {e}");
        }

        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        if (allocated > ((long)target.AllocationMiB << 20) + ((long)target.AllocationPerByte * input.Length))
        {
            return new Finding(target.Name, input, $"{allocated >> 20} MiB were allocated for {input.Length} bytes");
        }

        if (Stopwatch.GetElapsedTime(started) > MostTime && Fastest(input) is var time && time > MostTime)
        {
            return new Finding(target.Name, input, $"{input.Length} bytes took {time.TotalSeconds:F1} s");
        }

        if (_outcomes.Add(outcome) && _pool.Count < MostPooled)
        {
            _pool.Add(input);
        }

        return null;
    }

    // The machine may have been busy with something else: the fastest of three counts.
    private TimeSpan Fastest(byte[] input) => Enumerable.Range(0, 3).Min(_ =>
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            target.Run(input);
        }
        catch (Exception e) when (target.Declared(e))
        {
            return Stopwatch.GetElapsedTime(started);
        }

        return Stopwatch.GetElapsedTime(started);
    });

    // A message without what it quotes of the input.
    private static string Shape(string message) => string.Concat(message.Take(60).Where(char.IsAsciiLetter));
}
