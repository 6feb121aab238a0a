using Fairlead.Cluster.Model;

namespace Fairlead.Dns;

/// <summary>The API server gives no ServiceImports, which the configuration wants (<c>multicluster</c>): names of those zones are SERVFAIL until it does.</summary>
/// <param name="Source">The ConfigMap that wants them.</param>
/// <param name="Reason">What the API server says.</param>
public sealed record DnsImportsRefusal(ConfigMapRow Source, string Reason);
