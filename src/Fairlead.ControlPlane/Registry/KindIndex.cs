using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Store;
using Fairlead.Kube.Client;
using Fairlead.Kube.Selectors;

namespace Fairlead.ControlPlane.Registry;

/// <summary>Computes, once per version of an object, the fields that its kind lets clients select by.</summary>
internal sealed class KindIndex : IObjectIndex
{
    private readonly Dictionary<string, KindDefinition> _kinds =
        KindTable.All.Where(kind => kind.Type == kind.StorageType).ToDictionary(kind => Resource(kind.Type));

    /// <summary>The store's name of a resource.</summary>
    public static string Resource(ResourceType type) => type.Group.Length == 0 ? type.Plural : $"{type.Plural}.{type.Group}";

    /// <inheritdoc/>
    public Labels Fields(string resource, JsonObject value)
    {
        if (!_kinds.TryGetValue(resource, out var kind) || kind.FieldSelectors.Count <= 2)
        {
            return Labels.Empty;
        }

        return Labels.From(
            from pair in kind.FieldSelectors
            where pair.Key is not ("metadata.name" or "metadata.namespace")
            let text = pair.Value(value)
            where text.Length > 0
            select new KeyValuePair<string, string>(pair.Key, text));
    }
}
