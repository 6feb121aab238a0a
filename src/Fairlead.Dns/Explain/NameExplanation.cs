using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Explain;

/// <summary>A question to be explained.</summary>
/// <param name="Client">Who asks.</param>
/// <param name="Name">The whole name, dotted; a dot at its end makes no difference.</param>
/// <param name="Type">Record type: <c>A</c>, <c>SRV</c>, <c>TYPE257</c>.</param>
public sealed record NameQuestion(IpAddr Client, string Name, string Type)
{
    /// <summary>There can be such a question: the name has labels of 1 to 63 ASCII characters and 253 in all (RFC 1035 §2.3.4), and the type is one.</summary>
    public static bool IsQuestion(string name, string type) => name.TrimEnd('.').Length > 0 && DnsName.TryEncode(name, out _) && MessageText.TryParseType(type, out _);
}

/// <summary>What a node's DNS answers to a question, and why.</summary>
public sealed record NameExplanation
{
    /// <summary>The name asked for, with a dot at its end.</summary>
    public required string Name { get; init; }

    /// <summary>The response code as <c>dig</c> writes it; empty: there was no answer, or nobody was asked for one.</summary>
    public required string Code { get; init; }

    /// <summary>The answer's records, as <c>dig</c> writes them.</summary>
    public IReadOnlyList<string> Answers { get; init; } = [];

    /// <summary>Who knew: <c>the cluster's objects</c>, <c>upstream</c>, a plugin of the configuration (<c>plugin hosts</c>), or the configuration itself.</summary>
    public required string Source { get; init; }

    /// <summary>Why the answer is what it is, from the objects behind the name; what is wrong beside, even when it resolves.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];

    /// <summary>False: only upstreams know the answer, and they were not asked.</summary>
    public bool IsAsked { get; init; } = true;

    /// <summary>There are records of the type asked for.</summary>
    public bool IsResolved => Code == "NOERROR" && Answers.Count > 0;
}
