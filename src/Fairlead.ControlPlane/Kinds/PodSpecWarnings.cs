using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>What whoever runs the pods has to say about a specification that is about to be stored, such as images that will not be run.</summary>
/// <param name="spec">The specification of a pod or of a pod template.</param>
/// <param name="path">Its path in the document: <c>spec</c> or <c>spec.template.spec</c>.</param>
/// <returns>Texts for <c>Warning:</c> headers.</returns>
public delegate IEnumerable<string> PodSpecWarnings(JsonObject spec, string path);
