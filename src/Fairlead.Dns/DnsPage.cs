using System.Net;
using Fairlead.Dns.Config;
using Fairlead.Linux.Addresses;

namespace Fairlead.Dns;

/// <summary>What is answered by HTTP.</summary>
[Flags]
public enum DnsPageKinds
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary><c>/metrics</c>.</summary>
    Metrics = 1,

    /// <summary><c>/health</c>.</summary>
    Health = 2,

    /// <summary><c>/ready</c>.</summary>
    Ready = 4,

    /// <summary>All of them.</summary>
    All = Metrics | Health | Ready,
}

/// <summary>Where a configuration wants pages answered.</summary>
/// <param name="EndPoint">Address and port.</param>
/// <param name="Kinds">Which.</param>
public sealed record DnsPage(IPEndPoint EndPoint, DnsPageKinds Kinds)
{
    internal static IReadOnlyList<DnsPage> Of(DnsConfig config, IReadOnlyList<IpAddr> own)
    {
        var pages = new Dictionary<IPEndPoint, DnsPageKinds>();
        foreach (var block in config.Blocks)
        {
            Add(block.Metrics, DnsPageKinds.Metrics);
            Add(block.Health, DnsPageKinds.Health);
            Add(block.Ready, DnsPageKinds.Ready);
        }

        return [.. pages.Select(pair => new DnsPage(pair.Key, pair.Value))];

        void Add(PageAddress? page, DnsPageKinds kind)
        {
            foreach (var address in page is not { } at ? [] : at.Address.IsNone ? own : [at.Address])
            {
                var endpoint = new IPEndPoint(address.ToIPAddress(), page!.Value.Port);
                pages[endpoint] = pages.GetValueOrDefault(endpoint) | kind;
            }
        }
    }
}
