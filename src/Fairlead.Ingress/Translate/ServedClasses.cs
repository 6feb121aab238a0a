using System.Collections.Immutable;
using Fairlead.Cluster.Model;

namespace Fairlead.Ingress.Translate;

/// <summary>Which Ingresses are served here, by their class.</summary>
internal sealed class ServedClasses(IngressOptions options)
{
    private ImmutableDictionary<string, IngressClassRow> _classes = ImmutableDictionary<string, IngressClassRow>.Empty;

    /// <summary>Ingresses that name no class are served.</summary>
    public bool ServesWithoutClass { get; private set; } = options.ServesWithoutClass;

    /// <summary>The class that an Ingress names: in its spec; else by the annotation that came before that; empty: none.</summary>
    public static string ClassOf(IngressRow row) => row.ClassName.Length > 0 ? row.ClassName : row.Annotations[IngressRow.ClassAnnotation] ?? "";

    /// <summary>An Ingress is served here. One of a class that does not exist is not: nobody knows whose it is.</summary>
    public bool Serves(IngressRow row) => ClassOf(row) is { Length: > 0 } name
        ? _classes.TryGetValue(name, out var found) && found.Controller == options.Controller
        : ServesWithoutClass;

    /// <summary>
    /// Takes the classes there are now. Where several are the default, the newest is, of those as new the first by name, as the API server has it when an
    /// Ingress is written: only so does one controller serve what names no class.
    /// </summary>
    public void Apply(ImmutableDictionary<string, IngressClassRow> classes)
    {
        _classes = classes;
        var byDefault = classes.Values.Where(row => row.IsDefault).OrderByDescending(row => row.CreatedAt).ThenBy(row => row.Name, StringComparer.Ordinal).FirstOrDefault();
        ServesWithoutClass = byDefault is null ? options.ServesWithoutClass : byDefault.Controller == options.Controller;
    }
}
