namespace Fairlead.Kube.Client;

/// <summary>Names one kind of object and where the API serves it.</summary>
/// <param name="Group">API group; empty for the core group.</param>
/// <param name="Version">API version within the group, such as <c>v1</c>.</param>
/// <param name="Plural">The name in paths, such as <c>pods</c>.</param>
/// <param name="Kind">The kind in documents, such as <c>Pod</c>.</param>
/// <param name="Namespaced">True when objects live in namespaces.</param>
public sealed record ResourceType(string Group, string Version, string Plural, string Kind, bool Namespaced)
{
    /// <summary>The apiVersion in documents: <c>group/version</c>, or the version alone for the core group.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>The kind of a list of these objects.</summary>
    public string ListKind => Kind + "List";

    /// <summary>The path of the collection: of namespace <paramref name="ns"/>, or of all when it is empty or the kind is cluster-scoped.</summary>
    public string Path(string ns)
    {
        var root = Group.Length == 0 ? $"/api/{Version}" : $"/apis/{Group}/{Version}";
        return Namespaced && ns.Length > 0 ? $"{root}/namespaces/{ns}/{Plural}" : $"{root}/{Plural}";
    }
}
