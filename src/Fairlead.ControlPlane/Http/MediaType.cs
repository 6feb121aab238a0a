namespace Fairlead.ControlPlane.Http;

/// <summary>One media range of an Accept or Content-Type header (RFC 9110), lower-cased type, parameters as given.</summary>
internal sealed record MediaType(string Type, IReadOnlyDictionary<string, string> Parameters)
{
    /// <summary>A parameter, or empty.</summary>
    public string this[string name] => Parameters.GetValueOrDefault(name, "");

    /// <summary>Reads a comma-separated header; malformed ranges are passed over.</summary>
    public static IEnumerable<MediaType> ParseAll(string header)
    {
        foreach (var range in header.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            yield return Parse(range);
        }
    }

    /// <summary>Reads one media type.</summary>
    public static MediaType Parse(string text)
    {
        var parts = text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var parameters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var part in parts.Skip(1))
        {
            var at = part.IndexOf('=', StringComparison.Ordinal);
            if (at > 0)
            {
                parameters[part[..at].Trim()] = part[(at + 1)..].Trim().Trim('"');
            }
        }

#pragma warning disable CA1308 // media types are compared in lower case
        return new MediaType(parts.Length == 0 ? "" : parts[0].ToLowerInvariant(), parameters);
#pragma warning restore CA1308
    }
}
