using System.Diagnostics.CodeAnalysis;
using System.Text;
using Fairlead.Kube.Selectors;
using Fairlead.State;

namespace Fairlead.Ingress.Translate.Annotations;

/// <summary>
/// The annotations of one Ingress that are meant for us, under either prefix, while they are read: what was taken, what was found, and whether a guard
/// among them was not understood.
/// </summary>
internal sealed class AnnotationSet
{
    /// <summary>The prefix of ingress-nginx.</summary>
    public const string NginxPrefix = "nginx.ingress.kubernetes.io/";

    /// <summary>Our own; of two annotations that differ in the prefix alone, this one counts.</summary>
    public const string OwnPrefix = "ingress.fairlead.dev/";

    // More would drown the Event that shows them.
    private const int MostFindings = 40;
    private const int MostShown = 60;

    private readonly SortedDictionary<string, Annotation> _unread = new(StringComparer.Ordinal);
    private readonly List<IngressFinding> _findings = [];
    private int _left;

    public AnnotationSet(Labels annotations)
    {
        foreach (var prefix in (ReadOnlySpan<string>)[NginxPrefix, OwnPrefix])
        {
            foreach (var (key, value) in annotations.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal)))
            {
                _unread[key[prefix.Length..]] = new Annotation(key, value.Trim());
            }
        }
    }

    /// <summary>No annotation is meant for us, or all were taken.</summary>
    public bool IsEmpty => _unread.Count == 0;

    /// <summary>Why nothing of the Ingress may be served; empty: it may.</summary>
    public string Refused { get; private set; } = "";

    /// <summary>What was found, in the order it was.</summary>
    public ValueArray<IngressFinding> Findings =>
        _left == 0 ? _findings.ToValueArray() : [.. _findings, new IngressFinding("AnnotationUnknown", $"and {_left} more annotations that are not read")];

    /// <summary>The names of those not taken yet, in order.</summary>
    public IReadOnlyCollection<string> Names => [.. _unread.Keys];

    /// <summary>An annotation is there, not taken yet and not blank.</summary>
    public bool Has(string name) => _unread.TryGetValue(name, out var annotation) && annotation.Value.Length > 0;

    /// <summary>Takes an annotation as it is; null when there is none.</summary>
    public Annotation? Take(string name) => _unread.Remove(name, out var annotation) ? annotation : null;

    /// <summary>Takes an option: <paramref name="absent"/> when there is none, when it is blank, and, with a finding, when it cannot be read.</summary>
    public T Option<T>(string name, TryRead<T> read, T absent, string expected)
    {
        if (Take(name) is not { Value.Length: > 0 } annotation)
        {
            return absent;
        }

        if (read(annotation.Value, out var value))
        {
            return value;
        }

        Find("AnnotationInvalid", $"{Shown(annotation)} is not {expected}; it is ignored");
        return absent;
    }

    /// <summary>Takes an option: null when there is none.</summary>
    public T? Option<T>(string name, TryRead<T> read, string expected)
        where T : struct =>
        Option<T?>(name, (string text, [MaybeNullWhen(false)] out T? value) =>
        {
            var done = read(text, out var some);
            value = some;
            return done;
        }, null, expected);

    /// <summary>Takes a guard: as an option, but one that is blank or cannot be read keeps the whole Ingress from being served.</summary>
    public T Guard<T>(string name, TryRead<T> read, T absent, string expected)
    {
        if (Take(name) is not { } annotation)
        {
            return absent;
        }

        if (read(annotation.Value, out var value))
        {
            return value;
        }

        Refuse("AnnotationInvalid", $"{Shown(annotation)} is not {expected}");
        return absent;
    }

    /// <summary>Nothing of the Ingress is served, and a finding says so.</summary>
    public void Refuse(string reason, string why)
    {
        Refused = Refused.Length == 0 ? why : Refused;
        Find(reason, $"{why}; as it guards access, requests are answered 503 until it is changed");
    }

    /// <summary>Notes a finding.</summary>
    public void Find(string reason, string message)
    {
        if (_findings.Count < MostFindings)
        {
            _findings.Add(new IngressFinding(reason, message));
        }
        else
        {
            _left++;
        }
    }

    /// <summary>An annotation for people: its key, and its value shortened, with what is no visible ASCII written as <c>\u....</c>.</summary>
    public static string Shown(Annotation annotation) => $"{Shown(annotation.Key, NginxPrefix.Length + MostShown)}: \"{Shown(annotation.Value)}\"";

    /// <summary>A text for people, shortened and escaped.</summary>
    public static string Shown(string text, int most = MostShown)
    {
        var shown = new StringBuilder();
        foreach (var character in text.AsSpan(0, Math.Min(text.Length, most)))
        {
            _ = character is >= ' ' and <= '~' and not ('"' or '\\') ? shown.Append(character) : shown.Append($"\\u{(int)character:x4}");
        }

        return text.Length > most ? shown.Append('…').ToString() : shown.ToString();
    }
}

/// <summary>One annotation.</summary>
/// <param name="Key">The whole key, with its prefix.</param>
/// <param name="Value">Its value, without white space around it.</param>
internal sealed record Annotation(string Key, string Value);
