namespace Fairlead.ControlPlane.Store;

/// <summary>
/// Where an object is kept. <see cref="Resource"/> is the plural, followed by a dot and the API group where there is one (<c>deployments.apps</c>);
/// <see cref="Namespace"/> is empty for a resource of the cluster.
/// </summary>
internal readonly record struct ObjectId(string Resource, string Namespace, string Name)
{
    /// <summary>Namespace and name.</summary>
    public ObjectPath Path => new(Namespace, Name);

    /// <inheritdoc/>
    public override string ToString() => Namespace.Length == 0 ? $"{Resource}/{Name}" : $"{Resource}/{Namespace}/{Name}";
}

/// <summary>Namespace and name, in the order in which lists are given and paged: ordinal, by namespace first.</summary>
internal readonly record struct ObjectPath(string Namespace, string Name) : IComparable<ObjectPath>
{
    /// <inheritdoc/>
    public int CompareTo(ObjectPath other)
    {
        var order = string.CompareOrdinal(Namespace, other.Namespace);
        return order != 0 ? order : string.CompareOrdinal(Name, other.Name);
    }
}
