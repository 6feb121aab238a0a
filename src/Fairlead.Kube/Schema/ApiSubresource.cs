namespace Fairlead.Kube.Schema;

/// <summary>A path below an object, such as <c>pods/NAME/status</c>, as discovery and OpenAPI list it.</summary>
/// <param name="Name">Last part of the path: <c>status</c>, <c>scale</c>, <c>log</c>.</param>
/// <param name="Group">API group of the documents exchanged; may differ from the object's (<c>autoscaling</c> for scale).</param>
/// <param name="Version">API version of the documents exchanged.</param>
/// <param name="Kind">Kind of the documents exchanged.</param>
/// <param name="Verbs">API verbs, sorted: <c>create</c>, <c>get</c>, <c>patch</c>, <c>update</c>.</param>
public sealed record ApiSubresource(string Name, string Group, string Version, string Kind, IReadOnlyList<string> Verbs);
