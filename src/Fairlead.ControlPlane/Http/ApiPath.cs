namespace Fairlead.ControlPlane.Http;

/// <summary>A path below /api or /apis that names objects. Empty texts where the path says nothing.</summary>
internal sealed record ApiPath(string Group, string Version, string Namespace, string Plural, string Name, string Subresource)
{
    private const int LongestPath = 8;

    /// <summary>Reads a path; null when it names no resource.</summary>
    public static ApiPath? Parse(string path)
    {
        var parts = path.Split('/', LongestPath + 2, StringSplitOptions.RemoveEmptyEntries);
        var (group, version, rest) = parts switch
        {
            ["api", var v, .. var tail] => ("", v, tail),
            ["apis", var g, var v, .. var tail] => (g, v, tail),
            _ => ("", "", []),
        };
        return rest switch
        {
            ["namespaces"] => new(group, version, "", "namespaces", "", ""),
            ["namespaces", var name] => new(group, version, "", "namespaces", name, ""),
            ["namespaces", var name, "status" or "finalize"] => new(group, version, "", "namespaces", name, rest[2]),
            ["namespaces", var ns, var plural] => new(group, version, ns, plural, "", ""),
            ["namespaces", var ns, var plural, var name] => new(group, version, ns, plural, name, ""),
            ["namespaces", var ns, var plural, var name, var sub] => new(group, version, ns, plural, name, sub),
            [var plural] => new(group, version, "", plural, "", ""),
            [var plural, var name] => new(group, version, "", plural, name, ""),
            [var plural, var name, var sub] => new(group, version, "", plural, name, sub),
            _ => null,
        };
    }
}
