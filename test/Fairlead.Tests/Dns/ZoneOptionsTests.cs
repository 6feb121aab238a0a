using Fairlead.Cluster.Model;
using Fairlead.Dns.Config;
using Fairlead.Dns.Wire;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Dns;

/// <summary>What each option of the kubernetes plugin changes, and nothing else. Names relative to cluster.local unless they end in a dot.</summary>
public sealed class ZoneOptionsTests : IDisposable
{
    private static readonly KubernetesOptions Plain = new() { Zones = ["cluster.local"] };
    private readonly List<DnsLab> _labs = [];

    [Theory]
    [InlineData("Disabled", "10-240-0-1.podns.pod", "A", "NXDOMAIN")]
    [InlineData("Disabled", "172-0-0-2.podns.pod", "A", "NXDOMAIN")]
    [InlineData("Disabled", "podns.pod", "A", "NXDOMAIN")]
    [InlineData("Disabled", "pod", "A", "NODATA")]
    [InlineData("Insecure", "10-240-0-1.podns.pod", "A", "10.240.0.1")]
    [InlineData("Insecure", "172-0-0-2.podns.pod", "A", "172.0.0.2")]
    [InlineData("Insecure", "172-0-0-2.podns.pod", "AAAA", "NODATA")]
    [InlineData("Insecure", "blah.podns.pod", "A", "NXDOMAIN")]
    [InlineData("Insecure", "blah.podns.pod", "AAAA", "NXDOMAIN")]
    [InlineData("Insecure", "blah.podns.pod", "HINFO", "NXDOMAIN")]
    [InlineData("Insecure", "10-240-0-1.nobody.pod", "A", "NXDOMAIN")]
    [InlineData("Insecure", "podns.pod", "A", "NODATA")]
    [InlineData("Verified", "10-240-0-1.podns.pod", "A", "10.240.0.1")]
    [InlineData("Verified", "10-240-0-1.PODNS.pod", "A", "10.240.0.1")]
    [InlineData("Verified", "fd01--1.podns.pod", "AAAA", "fd01::1")]
    [InlineData("Verified", "fd01--1.podns.pod", "A", "NODATA")]
    [InlineData("Verified", "10-240-0-1.other.pod", "A", "NXDOMAIN")]
    [InlineData("Verified", "172-0-0-2.podns.pod", "A", "NXDOMAIN")]
    [InlineData("Verified", "10-240-0-9.podns.pod", "A", "NXDOMAIN")] // done
    [InlineData("Verified", "172-30-0-11.podns.pod", "A", "172.30.0.11")] // on its node's network
    [InlineData("Verified", "172-30-0-11.other.pod", "A", "172.30.0.11")]
    [InlineData("Verified", "podns.pod", "A", "NODATA")]
    [InlineData("Verified", "nobody.pod", "A", "NXDOMAIN")]
    public void Pod_names(string mode, string name, string type, string expected)
    {
        var lab = Lab(Plain with { Pods = Enum.Parse<PodNames>(mode) }).Namespace("podns", "other")
            .Pod("podns/foo", "10.240.0.1 fd01::1")
            .Pod("podns/done", "10.240.0.9", finished: true)
            .Pod("podns/net", "172.30.0.11", hostNetwork: true)
            .Pod("other/net", "172.30.0.11", hostNetwork: true);
        Assert.Equal(expected, Brief(lab, name, type));
    }

    [Fact]
    public void A_pods_name_goes_with_the_pod_and_not_with_another_of_its_address()
    {
        var lab = Lab(Plain with { Pods = PodNames.Verified }).Namespace("a", "b").Pod("a/one", "10.240.0.1").Pod("b/two", "10.240.0.1");
        Assert.Equal("10.240.0.1", Brief(lab, "10-240-0-1.a.pod", "A"));
        lab.Tables.Pods.Delete(new ObjectKey("a", "one"));
        Assert.Equal("NXDOMAIN", Brief(lab, "10-240-0-1.a.pod", "A"));
        Assert.Equal("10.240.0.1", Brief(lab, "10-240-0-1.b.pod", "A"));
        lab.Pod("b/two", "10.240.0.2");
        Assert.Equal("NXDOMAIN", Brief(lab, "10-240-0-1.b.pod", "A"));
        Assert.Equal("10.240.0.2", Brief(lab, "10-240-0-2.b.pod", "A"));
    }

    [Fact]
    public void Verified_names_wait_for_the_pods_to_be_listed()
    {
        var lab = new DnsLab(synced: false, kubernetes: Plain with { Pods = PodNames.Verified });
        _labs.Add(lab);
        lab.Tables.Services.MarkInitialized();
        lab.Tables.EndpointSlices.MarkInitialized();
        lab.Tables.Namespaces.MarkInitialized();
        Assert.Equal("SERVFAIL", lab.Ask("10-240-0-1.a.pod.cluster.local", RecordType.A));
        lab.Tables.Pods.MarkInitialized();
        Assert.StartsWith("NXDOMAIN", lab.Ask("10-240-0-1.a.pod.cluster.local", RecordType.A), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, "10-0-0-1.db.prod.svc", "10.0.0.1")]
    [InlineData(false, "db-pod.db.prod.svc", "NXDOMAIN")]
    [InlineData(false, "named.db.prod.svc", "10.0.0.2")]
    [InlineData(true, "db-pod.db.prod.svc", "10.0.0.1")]
    [InlineData(true, "10-0-0-1.db.prod.svc", "NXDOMAIN")]
    [InlineData(true, "named.db.prod.svc", "10.0.0.2")]
    [InlineData(true, "10-0-0-3.db.prod.svc", "10.0.0.3")] // a pod's name with a dot is no label
    [InlineData(true, "10-0-0-4.db.prod.svc", "10.0.0.4")] // one of 64 letters neither
    [InlineData(true, "10-0-0-5.db.prod.svc", "10.0.0.5")] // no pod
    public void Endpoints_are_named_after_their_pods_where_it_is_wanted(bool podNames, string name, string expected)
    {
        var lab = Lab(Plain with { EndpointPodNames = podNames }).Namespace("prod").Service("prod/db", "None");
        lab.Tables.EndpointSlices.Upsert(new ObjectKey("prod", "db-1"), new EndpointSliceRow
        {
            Key = new ObjectKey("prod", "db-1"),
            Service = new ObjectKey("prod", "db"),
            Endpoints =
            [
                Endpoint("10.0.0.1", "db-pod"), Endpoint("10.0.0.2", "db-1") with { Hostname = "named" }, Endpoint("10.0.0.3", "db.2"),
                Endpoint("10.0.0.4", new string('x', 64)), Endpoint("10.0.0.5", ""),
            ],
        });
        Assert.Equal(expected, Brief(lab, name, "A"));
    }

    [Theory]
    [InlineData("empty.prod.svc", "A", "NXDOMAIN")]
    [InlineData("empty.prod.svc", "SRV", "NXDOMAIN")]
    [InlineData("_http._tcp.empty.prod.svc", "SRV", "NXDOMAIN")]
    [InlineData("full.prod.svc", "A", "10.96.0.2")]
    [InlineData("out.prod.svc", "CNAME", "www.example.com.")]
    public void Services_without_endpoints_are_ignored_where_it_is_wanted(string name, string type, string expected)
    {
        var lab = Lab(Plain with { IgnoreEmptyService = true }).Namespace("prod")
            .Service("prod/empty", "10.96.0.1", DnsLab.Port("http", IpProtocol.Tcp, 80))
            .Slice("prod/empty", "empty-1", "10.244.0.1!")
            .Service("prod/full", "10.96.0.2").Slice("prod/full", "full-1", "10.244.0.2")
            .External("prod/out", "www.example.com");
        Assert.Equal(expected, Brief(lab, name, type));
    }

    [Theory]
    [InlineData("db.prod.svc", "A", "NXDOMAIN")]
    [InlineData("web.api.prod.svc", "A", "NXDOMAIN")]
    [InlineData("api.prod.svc", "A", "10.96.0.1")]
    public void Endpoints_have_no_names_where_none_are_wanted(string name, string type, string expected)
    {
        var lab = Lab(Plain with { NoEndpoints = true }).Namespace("prod")
            .Service("prod/db", "None").Slice("prod/db", "db-1", "10.244.0.1")
            .Service("prod/api", "10.96.0.1").Slice("prod/api", "api-1", "10.244.0.2=web");
        Assert.Equal(expected, Brief(lab, name, type));
    }

    [Theory]
    [InlineData("api.prod.svc", "A", "10.96.0.1")]
    [InlineData("prod.svc", "A", "NODATA")]
    [InlineData("api.test.svc", "A", "NXDOMAIN")]
    [InlineData("test.svc", "A", "NXDOMAIN")]
    [InlineData("10-0-0-1.test.pod", "A", "NXDOMAIN")]
    [InlineData("10-0-0-1.prod.pod", "A", "10.0.0.1")]
    [InlineData("ns.dns", "A", "10.96.0.10")]
    [InlineData("2.0.96.10.in-addr.arpa.", "PTR", "NXDOMAIN")]
    [InlineData("1.0.96.10.in-addr.arpa.", "PTR", "api.prod.svc.cluster.local.")]
    public void Only_chosen_namespaces_are_served(string name, string type, string expected)
    {
        KubernetesOptions[] ways =
        [
            Plain with { Namespaces = ["prod", "nowhere"] },
            Plain with { NamespaceLabels = LabelSelectorParser.Parse("dns=yes") },
        ];
        foreach (var way in ways)
        {
            var lab = Lab(way with { Pods = PodNames.Insecure, Zones = ["cluster.local", "10.in-addr.arpa"] })
                .Service("kube-system/kube-dns", "10.96.0.10").Service("prod/api", "10.96.0.1").Service("test/api", "10.96.0.2");

            // Services may be seen before their namespaces.
            Assert.NotEmpty(Brief(lab, "api.prod.svc", "A"));
            lab.Tables.Namespaces.Upsert("prod", new NamespaceRow("prod", Labels.From([new("dns", "yes")])));
            lab.Tables.Namespaces.Upsert("test", new NamespaceRow("test", Labels.Empty));
            Assert.Equal(expected, Brief(lab, name, type));
        }
    }

    [Fact]
    public void A_namespace_that_gets_or_loses_its_label_brings_or_takes_its_services()
    {
        var lab = Lab(Plain with { NamespaceLabels = LabelSelectorParser.Parse("dns=yes") }).Service("prod/api", "10.96.0.1").Namespace("prod");
        Assert.Equal("NXDOMAIN", Brief(lab, "api.prod.svc", "A"));
        lab.Tables.Namespaces.Upsert("prod", new NamespaceRow("prod", Labels.From([new("dns", "yes")])));
        Assert.Equal("10.96.0.1", Brief(lab, "api.prod.svc", "A"));
        lab.Namespace("prod");
        Assert.Equal("NXDOMAIN", Brief(lab, "api.prod.svc", "A"));
    }

    [Theory]
    [InlineData("api.prod.svc", "10.96.0.1")]
    [InlineData("other.prod.svc", "NXDOMAIN")]
    public void Only_services_with_chosen_labels_are_served(string name, string expected)
    {
        var lab = Lab(Plain with { Labels = LabelSelectorParser.Parse("tier in (front, back)") }).Namespace("prod").Service("prod/other", "10.96.0.2");
        lab.Put(new ServiceRow { Key = DnsLab.Key("prod/api"), ClusterIPs = [IpAddr.Parse("10.96.0.1")], Labels = Labels.From([new("tier", "front")]) });
        Assert.Equal(expected, Brief(lab, name, "A"));
    }

    [Theory]
    [InlineData(0u, "api.prod.svc", "A", "NOERROR AA|api.prod.svc.cluster.local. 0 A 10.96.0.1")]
    [InlineData(30u, "api.prod.svc", "A", "NOERROR AA|api.prod.svc.cluster.local. 30 A 10.96.0.1")]
    [InlineData(3600u, "nobody.prod.svc", "A",
        "NXDOMAIN AA|+ cluster.local. 300 SOA ns.dns.cluster.local. hostmaster.cluster.local. 1700000000 7200 1800 86400 3600")]
    [InlineData(3600u, "dns-version", "TXT", "NOERROR AA|dns-version.cluster.local. 28800 TXT \"1.1.0\"")]
    public void Answers_live_as_long_as_they_are_told(uint ttl, string name, string type, string expected)
    {
        var lab = Lab(Plain with { Ttl = ttl }).Namespace("prod").Service("prod/api", "10.96.0.1");
        Assert.Equal(expected.Replace('|', '\n'), lab.Ask(name + ".cluster.local", Enum.Parse<RecordType>(type)));
    }

    [Fact]
    public void Without_round_robin_addresses_stand_in_their_order()
    {
        var lab = new DnsLab(kubernetes: Plain, rotates: false).Namespace("prod").Service("prod/db", "None").Slice("prod/db", "db-1", "10.0.0.2 10.0.0.1 10.0.0.3");
        _labs.Add(lab);
        var query = DnsLab.Query("db.prod.svc.cluster.local", RecordType.A);
        Assert.All(Enumerable.Range(0, 50), _ => Assert.Equal(1, lab.Reply(query)[query.Length + 15]));
    }

    public void Dispose() => _labs.ForEach(lab => lab.Dispose());

    private static SliceEndpoint Endpoint(string address, string pod) => new() { Address = IpAddr.Parse(address), Pod = new ObjectKey("prod", pod) };

    /// <summary>The data of the answer, or what there is instead of one.</summary>
    private static string Brief(DnsLab lab, string name, string type)
    {
        var lines = lab.Ask(name.EndsWith('.') ? name : name + ".cluster.local", Enum.Parse<RecordType>(type)).Split('\n');
        var data = lines.Skip(1).Where(line => !line.StartsWith('+')).Select(line => line.Split(' ')[^1]).ToList();
        return data.Count > 0 ? string.Join(' ', data) : lines[0] == "NOERROR AA" ? "NODATA" : lines[0].Split(' ')[0];
    }

    private DnsLab Lab(KubernetesOptions options)
    {
        var lab = new DnsLab(kubernetes: options);
        _labs.Add(lab);
        return lab;
    }
}
