using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;

namespace Fairlead.ControlPlane.Controllers.Nodes;

/// <summary>A Lease (coordination.k8s.io/v1): when its holder was last heard of.</summary>
internal sealed record LeaseInfo : IObjectRow
{
    public required RowMeta Meta { get; init; }

    /// <summary>When we saw the renewal. Our own clock: the holder's may be wrong.</summary>
    public DateTimeOffset Renewed { get; init; }

    public static Func<JsonObject, LeaseInfo> Reader(TimeProvider time) =>
        lease => new LeaseInfo { Meta = RowMeta.From(lease), Renewed = time.GetUtcNow() };
}
