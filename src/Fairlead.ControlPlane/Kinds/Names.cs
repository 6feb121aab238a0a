namespace Fairlead.ControlPlane.Kinds;

/// <summary>
/// The spelling rules for names, labels and ports (apimachinery's validation package). Each returns what is wrong, or null.
/// Where a name is a prefix for generated names, one trailing dash is allowed.
/// </summary>
internal static class Names
{
    public const string PortRange = "must be between 1 and 65535, inclusive";

    private const string LabelRule = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
        + "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

    private const string SubdomainRule = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
        + "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    private const string WildcardRule = "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case "
        + "alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is "
        + "'\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    private const string QualifiedRule = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
        + "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

    private const string LabelValueRule = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end "
        + "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
        + "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

    private const string ConfigKeyRule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
        + "'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

    private const string EnvNameRule = "a valid environment variable name must consist only of printable ASCII characters other than '='";

    public static string? DnsLabel(string name, bool prefix = false) =>
        name.Length > 63 ? "must be no more than 63 bytes" : IsDnsLabel(Unprefixed(name, prefix)) ? null : LabelRule;

    public static string? DnsSubdomain(string name, bool prefix = false) =>
        name.Length > 253 ? "must be no more than 253 bytes" : Unprefixed(name, prefix).Split('.').All(IsDnsLabel) ? null : SubdomainRule;

    public static string? WildcardSubdomain(string name) =>
        name.Length > 253 ? "must be no more than 253 bytes"
        : name.StartsWith("*.", StringComparison.Ordinal) && name[2..].Split('.').All(IsDnsLabel) ? null
        : WildcardRule;

    public static string? QualifiedName(string name)
    {
        var slash = name.IndexOf('/', StringComparison.Ordinal);
        if (slash >= 0 && name.LastIndexOf('/') != slash)
        {
            return $"a qualified name {QualifiedRule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
        }

        if (slash == 0)
        {
            return "prefix part must be non-empty";
        }

        if (slash > 0 && DnsSubdomain(name[..slash]) is { } fault)
        {
            return "prefix part " + fault;
        }

        var part = name[(slash + 1)..];
        return part.Length == 0 ? "name part must be non-empty"
            : part.Length > 63 ? "name part must be no more than 63 bytes"
            : IsToken(part) ? null
            : "name part " + QualifiedRule;
    }

    public static string? LabelValue(string value) =>
        value.Length > 63 ? "must be no more than 63 bytes" : value.Length == 0 || IsToken(value) ? null : LabelValueRule;

    public static string? ConfigKey(string key) =>
        key.Length > 253 ? "must be no more than 253 bytes"
        : key.Length == 0 || !key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') ? ConfigKeyRule
        : key is "." or ".." ? $"must not be '{key}'"
        : key.StartsWith("..", StringComparison.Ordinal) ? "must not start with '..'"
        : null;

    public static string? EnvName(string name) => name.Length > 0 && name.All(c => c is >= ' ' and <= '~' and not '=') ? null : EnvNameRule;

    /// <summary>The IANA service name of a container port (RFC 6335).</summary>
    public static string? PortName(string name) =>
        name.Length > 15 ? "must be no more than 15 characters"
        : name.Length == 0 || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            ? "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
        : !name.Any(char.IsAsciiLetterLower) ? "must contain at least one letter (a-z)"
        : name.Contains("--", StringComparison.Ordinal) ? "must not contain consecutive hyphens"
        : name[0] == '-' || name[^1] == '-' ? "must not begin or end with a hyphen"
        : null;

    /// <summary>One element of a path of the API, as names of objects of any kind are at least.</summary>
    public static string? PathSegment(string name) =>
        name is "." or ".." ? $"may not be '{name}'"
        : name.Contains('/', StringComparison.Ordinal) ? "may not contain '/'"
        : name.Contains('%', StringComparison.Ordinal) ? "may not contain '%'"
        : null;

    public static string? Port(long port) => port is >= 1 and <= 65535 ? null : PortRange;

    private static string Unprefixed(string name, bool prefix) => prefix && name.Length > 1 && name[^1] == '-' ? name[..^1] : name;

    private static bool IsDnsLabel(string label) =>
        label.Length > 0 && label[0] != '-' && label[^1] != '-' && label.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    private static bool IsToken(string text) => char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1])
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');
}
