using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Forward;

/// <summary>
/// Questions that wait for an upstream. An identical one that comes meanwhile waits for the same answer: a crowd costs one question, and a question that
/// goes in circles meets itself here instead of being asked for ever.
/// </summary>
/// <param name="most">Questions at once.</param>
internal sealed class QuestionsUnderWay(int most)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<byte[], QuestionUnderWay> _questions = new(LabelComparer.Instance);

    /// <summary>The one that is under way already, or a new one, which the caller then has to ask; null: there are too many.</summary>
    public QuestionUnderWay? Join(ForwardQuestion question, out bool isNew)
    {
        Span<byte> buffer = stackalloc byte[QuestionKey.MaxLength];
        var key = QuestionKey.Write(question, buffer);
        lock (_gate)
        {
            var questions = _questions.GetAlternateLookup<ReadOnlySpan<byte>>();
            isNew = !questions.TryGetValue(key, out var found);
            if (!isNew || _questions.Count >= most)
            {
                return found;
            }

            found = new QuestionUnderWay(question);
            questions[key] = found;
            return found;
        }
    }

    /// <summary>It has its answer; who asks from now on asks anew.</summary>
    public void End(QuestionUnderWay ended)
    {
        Span<byte> buffer = stackalloc byte[QuestionKey.MaxLength];
        lock (_gate)
        {
            _questions.GetAlternateLookup<ReadOnlySpan<byte>>().Remove(QuestionKey.Write(ended.Question, buffer));
        }
    }
}

/// <summary>One question that waits for an upstream, and all who wait for it.</summary>
internal sealed class QuestionUnderWay(ForwardQuestion question)
{
    // A name with fewer letters has too few cases to be told from another's.
    private const int MinLetters = 10;
    private readonly TaskCompletionSource<ForwardResult> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private byte[]? _sent;
    private Upstream? _asked;

    public ForwardQuestion Question { get; } = question;

    /// <summary>Its answer.</summary>
    public Task<ForwardResult> Answer => _answer.Task;

    /// <summary>Notes who is asked now.</summary>
    public void Asks(Upstream upstream) => Volatile.Write(ref _asked, upstream);

    /// <summary>Notes the query that goes out.</summary>
    public void Sends(byte[] query) => Volatile.Write(ref _sent, query);

    /// <summary>Who was asked when a question is ours come back: it has the very case that was drawn for it. Null otherwise.</summary>
    public Upstream? SenderOf(ForwardQuestion other)
    {
        if (Volatile.Read(ref _sent) is not { } sent || !sent.AsSpan(DnsHeader.Length, other.Name.Length).SequenceEqual(other.Name))
        {
            return null;
        }

        var letters = 0;
        foreach (var c in other.Name)
        {
            letters += char.IsAsciiLetter((char)c) ? 1 : 0;
        }

        return letters >= MinLetters ? Volatile.Read(ref _asked) : null;
    }

    /// <summary>Gives everybody the answer.</summary>
    public void Complete(ForwardResult answer) => _answer.TrySetResult(answer);

    /// <summary>Tells everybody why there is none.</summary>
    public void Fail(Exception reason) => _answer.TrySetException(reason);
}
