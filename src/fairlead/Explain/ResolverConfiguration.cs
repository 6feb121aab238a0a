using System.Globalization;
using System.Net;

namespace Fairlead.Explain;

/// <summary>How a C library resolves names: the part of resolv.conf(5) that decides which full names are asked for, and of whom.</summary>
internal sealed record ResolverConfiguration
{
    private const int DefaultNdots = 1;

    /// <summary>The name servers, in order.</summary>
    public IReadOnlyList<IPAddress> Nameservers { get; init; } = [];

    /// <summary>The search list.</summary>
    public IReadOnlyList<string> Searches { get; init; } = [];

    /// <summary>Dots from which on a name is tried as it stands before the search list is.</summary>
    public int Ndots { get; init; } = DefaultNdots;

    /// <summary>Reads the text of a file; of several search lines the last one holds, and what is not understood is passed over, as the C library does.</summary>
    public static ResolverConfiguration Parse(string text)
    {
        var lines = text.Split('\n').Select(line => line.Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length > 1).ToList();
        return new ResolverConfiguration
        {
            Nameservers = [.. Words("nameserver").Select(word => IPAddress.TryParse(word, out var address) ? address : null).OfType<IPAddress>()],
            Searches = lines.LastOrDefault(words => words[0] == "search") is { } searches ? searches[1..] : [],
            Ndots = Words("options").Select(option => option.Split(':')).Where(option => option is ["ndots", _])
                .Select(option => int.TryParse(option[1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : DefaultNdots).LastOrDefault(DefaultNdots),
        };

        IEnumerable<string> Words(string keyword) => lines.Where(words => words[0] == keyword).SelectMany(words => words[1..]);
    }

    /// <summary>The full names that are asked for, in their order, without a dot at their end.</summary>
    public IEnumerable<string> Candidates(string name)
    {
        if (name.EndsWith('.'))
        {
            return [name[..^1]];
        }

        var completed = Searches.Where(suffix => suffix != ".").Select(suffix => $"{name}.{suffix.TrimEnd('.')}");
        return HasEnoughDots(name) ? completed.Prepend(name) : completed.Append(name);
    }

    /// <summary>The name is tried as it stands first.</summary>
    public bool HasEnoughDots(string name) => name.Count(c => c == '.') >= Ndots;
}
