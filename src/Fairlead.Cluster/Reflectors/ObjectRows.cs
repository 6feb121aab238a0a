using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;

namespace Fairlead.Cluster.Reflectors;

/// <summary>Documents to rows, for whoever has documents from elsewhere than a watch: the same readers as the reflectors'.</summary>
public static class ObjectRows
{
    /// <summary>A core/v1 Pod.</summary>
    /// <exception cref="FormatException">What cannot be read.</exception>
    public static PodRow Pod(JsonObject document) => PodReader.Pod(document);

    /// <summary>A core/v1 Node.</summary>
    public static NodeRow Node(JsonObject document) => PodReader.Node(document);

    /// <summary>A core/v1 Namespace.</summary>
    public static NamespaceRow Namespace(JsonObject document) => PodReader.Namespace(document);

    /// <summary>A core/v1 Service.</summary>
    /// <exception cref="FormatException">What cannot be read.</exception>
    public static ServiceRow Service(JsonObject document) => ServiceReader.Read(document);

    /// <summary>A discovery.k8s.io/v1 EndpointSlice.</summary>
    /// <exception cref="FormatException">What cannot be read.</exception>
    public static EndpointSliceRow EndpointSlice(JsonObject document) => EndpointSliceReader.Read(document);

    /// <summary>A networking.k8s.io/v1 NetworkPolicy. What it says and cannot be read allows nothing.</summary>
    public static PolicyRow NetworkPolicy(JsonObject document) => PolicyReader.Read(document);

    /// <summary>A policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy. What it says and cannot be read accepts nothing.</summary>
    public static ClusterPolicyRow ClusterNetworkPolicy(JsonObject document) => ClusterPolicyReader.Read(document);
}
