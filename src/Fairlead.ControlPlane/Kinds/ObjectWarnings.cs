using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>
/// What is to be said about an object that is about to be stored, beyond what its kind knows of itself: whether it fits the rest of the cluster. It is
/// asked about every new or changed specification of a NetworkPolicy, ClusterNetworkPolicy or Service, must answer at once, and refuses nothing.
/// </summary>
/// <param name="type">Its type.</param>
/// <param name="obj">The whole object; not to be changed.</param>
/// <returns>Texts for <c>Warning:</c> headers.</returns>
public delegate IEnumerable<string> ObjectWarnings(ResourceType type, JsonObject obj);
