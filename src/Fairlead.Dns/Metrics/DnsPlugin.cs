namespace Fairlead.Dns.Metrics;

/// <summary>Who made a reply, in the words of label <c>plugin</c> of CoreDNS's metrics.</summary>
internal enum DnsPlugin
{
    /// <summary>The server itself, as a failure; the label is empty.</summary>
    None,
    Any,
    Autopath,
    Cache,
    Forward,
    Hosts,
    Kubernetes,
    Template,
    Transfer,
}
