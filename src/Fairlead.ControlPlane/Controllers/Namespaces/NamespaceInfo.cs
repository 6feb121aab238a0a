using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Kube.Documents;
using Fairlead.State;

namespace Fairlead.ControlPlane.Controllers.Namespaces;

/// <summary>A condition of a namespace that is being deleted.</summary>
internal sealed record NamespaceCondition(string Type, string Status, string Reason, string Message);

/// <summary>A Namespace, as far as its controller needs it.</summary>
internal sealed record NamespaceInfo : IObjectRow
{
    public required RowMeta Meta { get; init; }

    /// <summary>spec.finalizers: what must be done before it goes.</summary>
    public ValueArray<string> Finalizers { get; init; }

    public ValueArray<NamespaceCondition> Conditions { get; init; }

    public static NamespaceInfo Read(JsonObject item) => new()
    {
        Meta = RowMeta.From(item),
        Finalizers = item.Texts("spec", "finalizers").ToValueArray(),
        Conditions = item.Objects("status", "conditions")
            .Select(condition => new NamespaceCondition(
                condition.Text("type"), condition.Text("status"), condition.Text("reason"), condition.Text("message")))
            .ToValueArray(),
    };
}
