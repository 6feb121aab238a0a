using System.Globalization;
using Fairlead.Dns.Explain;

namespace Fairlead.Explain;

/// <summary>The explanation of a look-up for people: what the pod has, each full name it asks for with its answer, and what came of it.</summary>
internal static class DnsExplanationText
{
    private const string Indent = "     ";

    /// <summary>The lines.</summary>
    /// <param name="document">What was found.</param>
    /// <param name="name">What was looked up.</param>
    /// <param name="type">Record type.</param>
    public static IEnumerable<string> Lines(DnsExplanationDocument document, string name, string type)
    {
        yield return $"pod {document.Pod}, {document.Address}, on node {document.Node}";
        yield return string.Create(
            CultureInfo.InvariantCulture,
            $"  asks {Joined(document.Nameservers, "nobody")}; search {Joined(document.Searches, "nothing")}; ndots {document.Ndots}");
        if (document.Basis.Length > 0)
        {
            yield return $"  {document.Basis}";
        }

        foreach (var problem in document.Problems)
        {
            yield return $"  ✗ {problem}";
        }

        if (document.Problems.Count == 0)
        {
            yield return $"  {Order(document, name)}";
        }

        for (var i = 0; i < document.Names.Count; i++)
        {
            foreach (var line in Step(i + 1, document.Names[i], type))
            {
                yield return line;
            }
        }

        yield return document.Resolved ? $"{name} resolves"
            : document.Names is [.., { IsAsked: false }] ? $"whether {name} resolves is for upstreams to say"
            : $"{name} does not resolve";
    }

    private static string Order(DnsExplanationDocument document, string name)
    {
        var dots = name.Count(c => c == '.');
        return name.EndsWith('.') ? $"{name} ends with a dot: it is asked for as it stands, and nothing else is"
            : document.Searches.Count == 0 ? "without a search list the name is asked for as it stands"
            : string.Create(CultureInfo.InvariantCulture, $"{name} has {dots} {(dots == 1 ? "dot" : "dots")}, ")
                + (dots >= document.Ndots ? "as many as ndots or more: it is tried as it stands first" : "fewer than ndots: the search list is tried first");
    }

    private static IEnumerable<string> Step(int number, NameExplanation step, string type)
    {
        var mark = step.IsResolved ? "✓" : step.IsAsked ? "✗" : "?";
        var what = step.IsResolved || !step.IsAsked ? "" : step.Code switch
        {
            "" => "no answer",
            "NOERROR" => $"NOERROR, no {type} record",
            _ => step.Code,
        };
        yield return string.Create(CultureInfo.InvariantCulture, $"{number,3} {mark} {step.Name} {type}: {(what.Length > 0 ? $"{what} " : "")}(from {step.Source})");
        foreach (var line in step.Answers.Concat(step.Reasons.Select(reason => $"- {reason}")))
        {
            yield return Indent + line;
        }
    }

    private static string Joined(IReadOnlyList<string> texts, string none) => texts.Count == 0 ? none : string.Join(' ', texts);
}
