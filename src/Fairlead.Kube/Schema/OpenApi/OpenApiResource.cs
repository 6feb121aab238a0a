using Fairlead.Kube.Client;

namespace Fairlead.Kube.Schema.OpenApi;

/// <summary>A kind as the server serves it, for the OpenAPI document of its group version.</summary>
/// <param name="Type">The kind.</param>
/// <param name="Verbs">Verbs of the objects.</param>
/// <param name="Subresources">Paths below an object.</param>
public sealed record OpenApiResource(ResourceType Type, IReadOnlyList<string> Verbs, IReadOnlyList<ApiSubresource> Subresources);
