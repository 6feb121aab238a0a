using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Every kind the API server serves.</summary>
public static class KindTable
{
    /// <summary>All kinds; within a group version in the order discovery lists them.</summary>
    public static IReadOnlyList<KindDefinition> All { get; } =
    [
        new ConfigMapKind(), new EndpointsKind(), new EventKind(), new NamespaceKind(), new NodeKind(), new PodKind(), new SecretKind(),
        new ServiceAccountKind(), new ServiceKind(),
        new DeploymentKind(), new ReplicaSetKind(),
        new LeaseKind(),
        new EndpointSliceKind(),
        new EventsV1Kind(),
        new IngressClassKind(), new IngressKind(), new IPAddressKind(), new NetworkPolicyKind(), new ServiceCidrKind(),
        new ClusterNetworkPolicyKind(),
    ];

    /// <summary>The kind served at <paramref name="group"/>/<paramref name="version"/>/<paramref name="plural"/>, or null.</summary>
    public static KindDefinition? Find(string group, string version, string plural) =>
        All.FirstOrDefault(kind => kind.Type.Plural == plural && kind.Type.Group == group && kind.Type.Version == version);

    /// <summary>The kind of <paramref name="type"/>, or null.</summary>
    public static KindDefinition? Find(ResourceType type) => Find(type.Group, type.Version, type.Plural);

    /// <summary>The kind whose documents say <paramref name="apiVersion"/> and <paramref name="kind"/>, or null.</summary>
    public static KindDefinition? FindByKind(string apiVersion, string kind) =>
        All.FirstOrDefault(item => item.Type.Kind == kind && ApiVersion(item.Type) == apiVersion);

    /// <summary>The apiVersion that documents of <paramref name="type"/> carry.</summary>
    public static string ApiVersion(ResourceType type) => type.Group.Length == 0 ? type.Version : $"{type.Group}/{type.Version}";
}
