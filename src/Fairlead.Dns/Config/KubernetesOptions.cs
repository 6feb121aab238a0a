using Fairlead.Cluster.Model;
using Fairlead.Dns.Kubernetes;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Dns.Config;

/// <summary>Whether names like <c>10-244-0-7.default.pod.cluster.local</c> exist.</summary>
internal enum PodNames
{
    /// <summary>None does.</summary>
    Disabled,

    /// <summary>Every address has one in every namespace that exists.</summary>
    Insecure,

    /// <summary>Those of pods that exist, in their own namespace.</summary>
    Verified,
}

/// <summary>Plugin <c>kubernetes</c> of a server block, with CoreDNS's defaults.</summary>
internal sealed record KubernetesOptions
{
    /// <summary>In the order of the text; <c>in-addr.arpa</c> and <c>ip6.arpa</c> or parts of them are reverse zones.</summary>
    public required ValueArray<string> Zones { get; init; }

    /// <summary>Seconds a client may keep an answer, 0 to 3600.</summary>
    public uint Ttl { get; init; } = 5;

    /// <summary>Names of pods.</summary>
    public PodNames Pods { get; init; }

    /// <summary>Endpoints without a hostname are named after their pods.</summary>
    public bool EndpointPodNames { get; init; }

    /// <summary>A Service without a ready endpoint does not exist, whatever addresses it has (<c>ignore empty_service</c>).</summary>
    public bool IgnoreEmptyService { get; init; }

    /// <summary>Headless Services and endpoints have no names (<c>noendpoints</c>).</summary>
    public bool NoEndpoints { get; init; }

    /// <summary>Headless Services have names for each topology zone of their endpoints (<c>zonal</c>).</summary>
    public bool Zonal { get; init; }

    /// <summary>Those of the zones whose names are the clusterset's, made of ServiceImports (<c>multicluster</c>, KEP-1645), and all zones below them.</summary>
    public ValueArray<string> Multicluster { get; init; } = [];

    /// <summary>The names are those of ServiceImports, not of Services. No text says so of the whole plugin: see <see cref="OfImports"/>.</summary>
    public bool Imports { get; init; }

    /// <summary>Only Services of these namespaces exist; empty: of all.</summary>
    public ValueArray<string> Namespaces { get; init; } = [];

    /// <summary>Only Services of namespaces with these labels exist; null: of all.</summary>
    public LabelSelector? NamespaceLabels { get; init; }

    /// <summary>Only Services with these labels exist; null: all.</summary>
    public LabelSelector? Labels { get; init; }

    /// <summary>Zones in which a name that does not exist is asked of the next plugin; the empty zone is all of them.</summary>
    public ValueArray<string> Fallthrough { get; init; } = [];

    /// <summary>Ranges whose addresses only the cluster can know: their reverse names never go to the next plugin.</summary>
    public ValueArray<IpNet> OwnRanges { get; init; } = [];

    /// <summary>The same for the zones of <see cref="Multicluster"/>, in which neither pods nor topology zones have names.</summary>
    public KubernetesOptions OfImports() => this with { Imports = true, Pods = PodNames.Disabled, Zonal = false };

    /// <summary>The zone whose names answers of reverse zones give: the first of this cluster that is no reverse zone; null: there is none.</summary>
    public string? PrimaryZone => Zones.FirstOrDefault(zone => !AddressNames.IsReverse(zone) && !IsMulticluster(zone));

    /// <summary>What a slice has the endpoints of: a Service, or what is imported as one; the default value: of nothing that names are made of.</summary>
    public ObjectKey ServiceOf(EndpointSliceRow slice) => Imports ? slice.Import?.Service ?? default : slice.Service;

    /// <summary>Whether a zone is one of <see cref="Multicluster"/>, or below one.</summary>
    /// <param name="zone">Dotted, lower case, without a dot at its end.</param>
    public bool IsMulticluster(string zone) =>
        Multicluster.Any(one => zone == one || (zone.EndsWith(one, StringComparison.Ordinal) && zone[^(one.Length + 1)] == '.'));
}
