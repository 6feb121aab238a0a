namespace Fairlead.Dns.Kubernetes;

/// <summary>What is known of the cluster's names between two batches of changes.</summary>
/// <param name="Services">Every Service, in no order.</param>
/// <param name="ServerAddresses">Where the server itself is found.</param>
/// <param name="Serial">The SOA's serial.</param>
internal sealed record ZoneSnapshot(ServiceNames[] Services, NamedAddress[] ServerAddresses, uint Serial);
