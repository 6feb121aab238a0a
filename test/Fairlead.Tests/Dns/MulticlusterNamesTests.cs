using Fairlead.Cluster.Model;
using Fairlead.Dns.Config;
using Fairlead.Dns.Metrics;
using Fairlead.Dns.Wire;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Dns;

/// <summary>Names of the clusterset, made of ServiceImports (CoreDNS's option <c>multicluster</c>, KEP-1645).</summary>
public sealed class MulticlusterNamesTests : IDisposable
{
    private const string Soa = "+ clusterset.local. 5 SOA ns.dns.clusterset.local. hostmaster.clusterset.local. 1700000000 7200 1800 86400 5";
    private static readonly EndpointPort Http = new("http", IpProtocol.Tcp, 80);

    private static readonly KubernetesOptions Options = new()
    {
        Zones = ["cluster.local", "clusterset.local", "in-addr.arpa"],
        Multicluster = ["clusterset.local"],
        Pods = PodNames.Insecure,
        Namespaces = ["testns", "other"],
    };

    private readonly DnsLab _lab = Fill(new DnsLab(kubernetes: Options));

    [Theory]
    [InlineData("svc1.testns.svc", "A", "NOERROR AA|$ 5 A 10.0.0.1")]
    [InlineData("svcempty.testns.svc", "A", "NOERROR AA|$ 5 A 10.0.0.1")]
    [InlineData("svc1.testns.svc", "SRV", "NOERROR AA|$ 5 SRV 0 100 80 $|++ $ 5 A 10.0.0.1")]
    [InlineData("svcempty.testns.svc", "SRV", "NOERROR AA|$ 5 SRV 0 100 80 $|++ $ 5 A 10.0.0.1")]
    [InlineData("svc6.testns.svc", "SRV", "NOERROR AA|$ 5 SRV 0 100 80 $|++ $ 5 AAAA 1234:abcd::1")]
    [InlineData("_http._tcp.svc1.testns.svc", "SRV", "NOERROR AA|$ 5 SRV 0 100 80 svc1.testns.svc@|++ svc1.testns.svc@ 5 A 10.0.0.1")]
    [InlineData("_http._tcp.svcempty.testns.svc", "SRV", "NOERROR AA|$ 5 SRV 0 100 80 svcempty.testns.svc@|++ svcempty.testns.svc@ 5 A 10.0.0.1")]
    [InlineData("hdls1.testns.svc", "A", "NOERROR AA|$ 5 A 172.0.0.2|$ 5 A 172.0.0.3|$ 5 A 172.0.0.4|$ 5 A 172.0.0.5")]
    [InlineData("hdlsprtls.testns.svc", "A", "NOERROR AA|$ 5 A 172.0.0.20")]
    [InlineData("svc1.testns.svc", "AAAA", "NOERROR AA|SOA")]
    [InlineData("svc0.testns.svc", "AAAA", "NXDOMAIN AA|SOA")]
    [InlineData("svc0.testns.svc", "A", "NXDOMAIN AA|SOA")]
    [InlineData("svc0.svc-nons.svc", "A", "NXDOMAIN AA|SOA")]
    [InlineData("dns-version", "TXT", "NOERROR AA|$ 28800 TXT \"1.1.0\"")]
    [InlineData("svc1.testns.svc", "TXT", "NOERROR AA|SOA")]
    [InlineData("svc0.svc-nons.svc", "TXT", "NXDOMAIN AA|SOA")]
    [InlineData("bogusendpoint.hdls1.testns.svc", "A", "NXDOMAIN AA|SOA")]
    [InlineData("bogusendpoint.svc0.testns.svc", "A", "NXDOMAIN AA|SOA")]
    [InlineData("svc6.testns.svc", "AAAA", "NOERROR AA|$ 5 AAAA 1234:abcd::1")]
    [InlineData("_http._tcp.svc6.testns.svc", "SRV", "NOERROR AA|$ 5 SRV 0 100 80 svc6.testns.svc@|++ svc6.testns.svc@ 5 AAAA 1234:abcd::1")]
    [InlineData("hdls1.testns.svc", "AAAA", "NOERROR AA|$ 5 AAAA 5678:abcd::1|$ 5 AAAA 5678:abcd::2")]
    [InlineData("svc", "A", "NOERROR AA|SOA")]
    [InlineData("pod", "A", "NOERROR AA|SOA")]
    [InlineData("testns.svc", "A", "NOERROR AA|SOA")]
    [InlineData("svc", "NS", "NOERROR AA|SOA")]
    [InlineData("testns.svc", "NS", "NOERROR AA|SOA")]
    [InlineData("foo", "NS", "NXDOMAIN AA|SOA")]
    [InlineData("foo.svc", "NS", "NXDOMAIN AA|SOA")]
    [InlineData("svc-dual-stack.testns.svc", "A", "NOERROR AA|$ 5 A 10.0.0.3")]
    [InlineData("svc-dual-stack.testns.svc", "AAAA", "NOERROR AA|$ 5 AAAA 10::3")]
    [InlineData("svc-dual-stack.testns.svc", "SRV", "NOERROR AA|$ 5 SRV 0 50 80 $|++ $ 5 A 10.0.0.3|++ $ 5 AAAA 10::3")]
    [InlineData("svc1.testns.svc", "SOA", "NOERROR AA|SOA")]
    [InlineData("endpoint.external.testns.svc", "CNAME", "NXDOMAIN AA|SOA")]
    [InlineData("subdomain.subdomain.external.testns.svc", "CNAME", "NXDOMAIN AA|SOA")]
    [InlineData("_http._tcp.hdls1.testns.svc", "SRV",
        "NOERROR AA|$ 5 SRV 0 16 80 172-0-0-2.cluster1.HDLS|$ 5 SRV 0 16 80 172-0-0-3.cluster1.HDLS|$ 5 SRV 0 16 80 5678-abcd--1.cluster1.HDLS"
        + "|$ 5 SRV 0 16 80 5678-abcd--2.cluster1.HDLS|$ 5 SRV 0 16 80 dup-name.cluster1.HDLS|++ 172-0-0-2.cluster1.HDLS 5 A 172.0.0.2|++ 172-0-0-3.cluster1.HDLS 5 A 172.0.0.3"
        + "|++ 5678-abcd--1.cluster1.HDLS 5 AAAA 5678:abcd::1|++ 5678-abcd--2.cluster1.HDLS 5 AAAA 5678:abcd::2"
        + "|++ dup-name.cluster1.HDLS 5 A 172.0.0.4|++ dup-name.cluster1.HDLS 5 A 172.0.0.5")]
    [InlineData("5678-abcd--2.cluster1.hdls1.testns.svc", "AAAA", "NOERROR AA|$ 5 AAAA 5678:abcd::2")]
    [InlineData("5678-abcd--1.cluster1.hdls1.testns.svc", "AAAA", "NOERROR AA|$ 5 AAAA 5678:abcd::1")]
    [InlineData("172-0-0-20.cluster1.hdlsprtls.testns.svc", "A", "NOERROR AA|$ 5 A 172.0.0.20")]
    [InlineData("5678-abcd--1.hdls1.testns.svc", "AAAA", "NXDOMAIN AA|SOA")]
    [InlineData("172-0-0-2.cluster1.hdls1.testns.svc", "A", "NOERROR AA|$ 5 A 172.0.0.2")]
    [InlineData("172-0-0-3.cluster1.hdls1.testns.svc", "A", "NOERROR AA|$ 5 A 172.0.0.3")]
    [InlineData("dup-name.cluster1.hdls1.testns.svc", "A", "NOERROR AA|$ 5 A 172.0.0.4|$ 5 A 172.0.0.5")]
    public void The_cases_of_CoreDNS(string name, string type, string expected) => Check(name, type, expected);

    [Theory]
    [InlineData("svc1.unexposedns.svc", "A", "NXDOMAIN AA|SOA")]
    [InlineData("cluster1.hdls1.testns.svc", "A", "NOERROR AA|SOA")] // above others: RFC 8020
    [InlineData("cluster2.hdls1.testns.svc", "A", "NXDOMAIN AA|SOA")]
    [InlineData("172-0-0-2.cluster2.hdls1.testns.svc", "A", "NXDOMAIN AA|SOA")]
    [InlineData("dup-name.CLUSTER1.hdls1.testns.svc", "AAAA", "NOERROR AA|SOA")]
    [InlineData("172-0-0-2.cluster1.hdls1.testns.svc", "SRV", "NOERROR AA|$ 5 SRV 0 100 80 $|++ $ 5 A 172.0.0.2")]
    [InlineData("a.172-0-0-2.cluster1.hdls1.testns.svc", "A", "NXDOMAIN AA|SOA")]
    [InlineData("_tcp.hdls1.testns.svc", "SRV", "NOERROR AA|SOA")]
    [InlineData("http.tcp.svc1.testns.svc", "SRV", "NXDOMAIN AA|SOA")] // an endpoint's name and a cluster's, as CoreDNS reads it
    [InlineData("ep1a.cluster1.svc1.testns.svc", "A", "NXDOMAIN AA|SOA")] // KEP-1645 DNS specification 2.3.4
    [InlineData("ep1a.svc1.testns.svc", "A", "NXDOMAIN AA|SOA")]
    [InlineData("cluster1.svc1.testns.svc", "A", "NXDOMAIN AA|SOA")]
    [InlineData("both.other.svc", "A", "NOERROR AA|$ 5 A 172.1.0.1|$ 5 A 172.2.0.1|$ 5 A 172.3.0.1|$ 5 A 172.4.0.1")]
    [InlineData("pet-1.east.both.other.svc", "A", "NOERROR AA|$ 5 A 172.1.0.1")]
    [InlineData("pet-1.west.example.both.other.svc", "A", "NOERROR AA|$ 5 A 172.2.0.1")]
    [InlineData("west.example.both.other.svc", "A", "NOERROR AA|SOA")]
    [InlineData("example.both.other.svc", "TXT", "NOERROR AA|SOA")]
    [InlineData("pet-1.both.other.svc", "A", "NOERROR AA|$ 5 A 172.3.0.1|$ 5 A 172.4.0.1")] // slices that say of no cluster, or of none that can be a name
    [InlineData("pet-2.east.both.other.svc", "A", "NXDOMAIN AA|SOA")] // not ready
    [InlineData("gone.other.svc", "A", "NXDOMAIN AA|SOA")]
    [InlineData("pending.other.svc", "A", "NOERROR AA|SOA")]
    [InlineData("local.testns.svc", "A", "NXDOMAIN AA|SOA")]
    [InlineData("10-0-0-1.testns.pod", "A", "NXDOMAIN AA|SOA")]
    [InlineData("long.other.svc", "A", "NOERROR AA|$ 5 A 10.0.0.9")]
    [InlineData("ns.dns", "A", "NOERROR AA|$ 5 A 10.96.0.10")]
    public void Names_around_them(string name, string type, string expected) => Check(name, type, expected);

    [Fact]
    public void The_zone_has_an_apex_and_the_cluster_its_own_names_still()
    {
        Assert.Equal("NOERROR AA\nclusterset.local. 5 SOA ns.dns.clusterset.local. hostmaster.clusterset.local. 1700000000 7200 1800 86400 5", _lab.Ask("clusterset.local", RecordType.SOA));
        Assert.Equal("NOERROR AA\nclusterset.local. 5 NS ns.dns.clusterset.local.\n++ ns.dns.clusterset.local. 5 A 10.96.0.10", _lab.Ask("clusterset.local", RecordType.NS));
        Assert.Equal("NOERROR AA\nlocal.testns.svc.cluster.local. 5 A 10.96.7.7", _lab.Ask("local.testns.svc.cluster.local", RecordType.A));
        Assert.StartsWith("NXDOMAIN AA", _lab.Ask("svc1.testns.svc.cluster.local", RecordType.A), StringComparison.Ordinal);
        Assert.Equal("NOERROR AA\n10-0-0-1.testns.pod.cluster.local. 5 A 10.0.0.1", _lab.Ask("10-0-0-1.testns.pod.cluster.local", RecordType.A));

        // What is imported gives no reverse names; a Service's leads into the cluster's own zone, wherever that stands in the text.
        Assert.StartsWith("NXDOMAIN AA", _lab.Ask("1.0.0.10.in-addr.arpa", RecordType.PTR), StringComparison.Ordinal);
        Assert.StartsWith("NXDOMAIN AA", _lab.Ask("2.0.0.172.in-addr.arpa", RecordType.PTR), StringComparison.Ordinal);
        UseZones("clusterset.local", "cluster.local", "in-addr.arpa");
        Assert.Equal("NOERROR AA\n7.7.96.10.in-addr.arpa. 5 PTR local.testns.svc.cluster.local.", _lab.Ask("7.7.96.10.in-addr.arpa", RecordType.PTR));
    }

    [Fact]
    public void Where_the_DNS_Service_moves_to_is_in_every_zone()
    {
        _lab.Service("kube-system/kube-dns", "10.96.0.53");
        Assert.Equal("NOERROR AA\nns.dns.clusterset.local. 5 A 10.96.0.53", _lab.Ask("ns.dns.clusterset.local", RecordType.A));
    }

    [Fact]
    public void Until_the_API_server_has_said_what_is_imported_that_zone_alone_fails()
    {
        using var lab = new DnsLab(synced: false, kubernetes: Options);
        lab.Namespace("testns").Service("testns/local", "10.96.7.7").External("testns/far", "svc1.testns.svc.clusterset.local");
        lab.Tables.Services.MarkInitialized();
        lab.Tables.EndpointSlices.MarkInitialized();
        lab.Tables.Namespaces.MarkInitialized();
        Assert.Equal("SERVFAIL", lab.Ask("svc1.testns.svc.clusterset.local", RecordType.A));
        Assert.Equal("SERVFAIL", lab.Ask("clusterset.local", RecordType.SOA));
        Assert.True(lab.IsSynced);
        Assert.Equal("SERVFAIL", lab.Ask("far.testns.svc.cluster.local", RecordType.A));
        Assert.Equal("NOERROR AA\nlocal.testns.svc.cluster.local. 5 A 10.96.7.7", lab.Ask("local.testns.svc.cluster.local", RecordType.A));

        lab.Import("testns/svc1", "10.0.0.1").Sync();
        Assert.Equal(
            "NOERROR AA\nfar.testns.svc.cluster.local. 5 CNAME svc1.testns.svc.clusterset.local.\nsvc1.testns.svc.clusterset.local. 5 A 10.0.0.1",
            lab.Ask("far.testns.svc.cluster.local", RecordType.A));
    }

    [Fact]
    public void The_kind_is_wanted_as_long_as_the_configuration_says_so_and_each_time_begins_anew()
    {
        var first = _lab.Tables.ServiceImports.Wanted;
        Assert.NotNull(first);

        // Another text that wants it too: what is known stays.
        UseZones("clusterset.local", "cluster.local");
        Assert.Same(first, _lab.Tables.ServiceImports.Wanted);
        Check("svc1.testns.svc", "A", "NOERROR AA|$ 5 A 10.0.0.1");

        _lab.Use(new ServerBlock { Zones = [""], Kubernetes = new KubernetesOptions { Zones = ["cluster.local", "clusterset.local"] } });
        Assert.Null(_lab.Tables.ServiceImports.Wanted);
        Assert.StartsWith("NXDOMAIN AA", _lab.Ask("svc1.testns.svc.clusterset.local", RecordType.A), StringComparison.Ordinal);
        Assert.Equal("NOERROR AA\nlocal.testns.svc.clusterset.local. 5 A 10.96.7.7", _lab.Ask("local.testns.svc.clusterset.local", RecordType.A));

        UseZones("cluster.local", "clusterset.local");
        Assert.NotSame(first, _lab.Tables.ServiceImports.Wanted);
        Assert.Equal("SERVFAIL", _lab.Ask("svc1.testns.svc.clusterset.local", RecordType.A));
        _lab.Import("testns/svc1", "10.0.0.2").Sync();
        Check("svc1.testns.svc", "A", "NOERROR AA|$ 5 A 10.0.0.2");
    }

    [Fact]
    public void Changes_of_imports_and_of_their_endpoints_are_seen()
    {
        _lab.ImportedSlice("testns/hdls1", "hdls1-4", "cluster1", "172.0.0.9", Http).Import("testns/svc1", "10.0.0.7");
        Check("hdls1.testns.svc", "A", "NOERROR AA|$ 5 A 172.0.0.9");
        Check("svc1.testns.svc", "A", "NOERROR AA|$ 5 A 10.0.0.7");
        _lab.Tables.EndpointSlices.Delete(DnsLab.Key("testns/hdls1-4"));
        _lab.Tables.ServiceImports.Wanted!.Delete(DnsLab.Key("testns/svc1"));
        Check("hdls1.testns.svc", "A", "NOERROR AA|SOA");
        Check("svc1.testns.svc", "A", "NXDOMAIN AA|SOA");
    }

    [Fact]
    public void Options_of_the_plugin_hold_there_too()
    {
        using var lab = Fill(new DnsLab(kubernetes: Options with
        {
            EndpointPodNames = true,
            IgnoreEmptyService = true,
            Labels = LabelSelectorParser.Parse("tier=front"),
            Namespaces = [],
        }));
        lab.Tables.ServiceImports.Wanted!.Upsert(DnsLab.Key("other/front"), new ServiceRow { Key = DnsLab.Key("other/front"), IsHeadless = true, Labels = Labels.From([new("tier", "front")]) });
        lab.ImportedSlice("other/front", "front-1", "east", "172.9.0.1");
        var row = lab.Tables.EndpointSlices.Get(DnsLab.Key("other/front-1"))!;
        lab.Tables.EndpointSlices.Upsert(row.Key, row with { Endpoints = [row.Endpoints[0] with { Pod = DnsLab.Key("other/pod-1") }] });
        Assert.Equal("NOERROR AA\npod-1.east.front.other.svc.clusterset.local. 5 A 172.9.0.1", lab.Ask("pod-1.east.front.other.svc.clusterset.local", RecordType.A));
        Assert.StartsWith("NXDOMAIN", lab.Ask("svc1.testns.svc.clusterset.local", RecordType.A), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("svc1.testns.svc", "A")]
    [InlineData("_http._tcp.hdls1.testns.svc", "SRV")]
    [InlineData("dup-name.cluster1.hdls1.testns.svc", "A")]
    [InlineData("nobody.cluster1.hdls1.testns.svc", "A")]
    public void An_answer_allocates_nothing(string name, string type) =>
        Assert.Equal(0, _lab.LeastAllocated(DnsLab.Query($"{name}.clusterset.local", Enum.Parse<RecordType>(type))));

    [Theory]
    [InlineData("svc1.testns.svc", "A", "NOERROR", "made of ServiceImport testns/svc1 (ClusterSetIP) with 10.0.0.1")]
    [InlineData("svc1.testns.svc", "AAAA", "NOERROR", "ServiceImport testns/svc1 has no IPv6 address|made of ServiceImport testns/svc1 (ClusterSetIP) with 10.0.0.1")]
    [InlineData("both.other.svc", "A", "NOERROR", "made of ServiceImport other/both (Headless): 1 ready endpoint of cluster East, 1 ready endpoint of cluster a..b, "
        + "1 ready endpoint of cluster west.example, 1 ready endpoint of no cluster that is named")]
    [InlineData("gone.other.svc", "A", "NXDOMAIN", "ServiceImport other/gone has no ready endpoint, so the name does not exist"
        + "|ServiceImport other/gone (Headless) has no EndpointSlice with the label multicluster.kubernetes.io/service-name")]
    [InlineData("local.testns.svc", "A", "NXDOMAIN", "there is no ServiceImport local in namespace testns"
        + "|Service testns/local is this cluster's own: it is in the clusterset when it is exported, and an implementation of the Multi-Cluster Services API makes the import")]
    [InlineData("pet-1.east.svc1.testns.svc", "A", "NXDOMAIN", "ServiceImport testns/svc1 has an address in the clusterset: its endpoints have no names"
        + "|made of ServiceImport testns/svc1 (ClusterSetIP) with 10.0.0.1")]
    public async Task An_explanation_says_what_a_name_is_made_of(string name, string type, string code, string reasons)
    {
        var explanation = (await _lab.ExplainAsync($"{name}.clusterset.local", type))!;
        Assert.Equal(code, explanation.Code);
        Assert.Equal(reasons.Split('|'), explanation.Reasons);
    }

    [Fact]
    public async Task A_refusal_of_the_API_server_is_told()
    {
        using var lab = new DnsLab(kubernetes: Options);
        UseZones(lab, "cluster.local");
        Assert.Null(MulticlusterStatus.Of(lab.Handler.Chains, lab.Tables.ServiceImports));
        UseZones(lab, "cluster.local", "clusterset.local");
        var imports = lab.Tables.ServiceImports;
        Assert.Equal((false, ""), (MulticlusterStatus.Of(lab.Handler.Chains, imports)!.IsSynced, imports.Refusal));
        imports.Refuse(imports.Wanted!, "no such kind");
        var explanation = (await lab.ExplainAsync("svc1.testns.svc.clusterset.local", "A"))!;
        Assert.Equal(("SERVFAIL", "clusterset.local is made of ServiceImports, which the API server does not give: no such kind"), (explanation.Code, Assert.Single(explanation.Reasons)));
        var status = MulticlusterStatus.Of(lab.Handler.Chains, imports)!;
        Assert.Equal(("clusterset.local", false, "no such kind"), (Assert.Single(status.Zones), status.IsSynced, status.Refusal));

        // What is no longer wanted is no longer refused.
        UseZones(lab, "cluster.local");
        Assert.Equal("", imports.Refusal);
    }

    public void Dispose() => _lab.Dispose();

    private static DnsLab Fill(DnsLab lab) => lab.Namespace("testns", "other", "unexposedns")
        .Service("testns/local", "10.96.7.7")
        .Import("testns/svc1", "10.0.0.1", DnsLab.Port("http", IpProtocol.Tcp, 80))
        .ImportedSlice("testns/svc1", "svc1-1", "cluster1", "172.0.0.1=ep1a", Http)
        .Import("testns/svcempty", "10.0.0.1", DnsLab.Port("http", IpProtocol.Tcp, 80))
        .Import("testns/svc6", "1234:abcd::1", DnsLab.Port("http", IpProtocol.Tcp, 80))
        .Import("testns/hdls1", "None")
        .ImportedSlice("testns/hdls1", "hdls1-4", "cluster1", "172.0.0.2 172.0.0.3 172.0.0.4=dup-name 172.0.0.5=dup-name", Http)
        .ImportedSlice("testns/hdls1", "hdls1-6", "cluster1", "5678:abcd::1 5678:abcd::2", Http)
        .Import("testns/hdlsprtls", "None")
        .ImportedSlice("testns/hdlsprtls", "hdlsprtls-1", "cluster1", "172.0.0.20")
        .Import("unexposedns/svc1", "10.0.0.2", DnsLab.Port("http", IpProtocol.Tcp, 80))
        .Import("testns/svc-dual-stack", "10.0.0.3,10::3", DnsLab.Port("http", IpProtocol.Tcp, 80))
        .Import("other/both", "None")
        .ImportedSlice("other/both", "both-1", "East", "172.1.0.1=pet-1 172.1.0.2=pet-2!", Http)
        .ImportedSlice("other/both", "both-2", "west.example", "172.2.0.1=pet-1", Http)
        .ImportedSlice("other/both", "both-3", "", "172.3.0.1=pet-1", Http)
        .ImportedSlice("other/both", "both-4", "a..b", "172.4.0.1=pet-1", Http)
        .Import("other/gone", "None")
        .Import("other/pending", "")
        .Import("other/long", "10.0.0.9", DnsLab.Port(new string('p', 63), IpProtocol.Tcp, 80), DnsLab.Port("a..b", IpProtocol.Tcp, 81));

    private void UseZones(params string[] zones) => UseZones(_lab, zones);

    private static void UseZones(DnsLab lab, params string[] zones) => lab.Use(new ServerBlock
    {
        Zones = [""],
        Kubernetes = Options with { Zones = [.. zones], Multicluster = zones.Contains("clusterset.local") ? ["clusterset.local"] : [] },
    });

    private void Check(string name, string type, string expected)
    {
        var full = $"{name}.clusterset.local";
        var lines = expected.Replace("SOA", Soa, StringComparison.Ordinal).Replace("$", full + ".", StringComparison.Ordinal)
            .Replace("HDLS", "hdls1.testns.svc@", StringComparison.Ordinal).Replace("@", ".clusterset.local.", StringComparison.Ordinal).Split('|');
        Assert.Equal(string.Join('\n', lines), _lab.Ask(full, Enum.Parse<RecordType>(type)));
    }
}
