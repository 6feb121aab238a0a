using Fairlead.Cluster.Model;
using Fairlead.Dns;
using Fairlead.Dns.Chain;
using Fairlead.Dns.Server;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Dns;

/// <summary>Names completed for this node's pods: what is asked has the first element of the pod's search path behind it. No upstream here: only names in the zone.</summary>
public sealed class AutopathTests : IDisposable
{
    private const string Path = ".prod.svc.cluster.local";
    private const string Soa = "+ cluster.local. 5 SOA ns.dns.cluster.local. hostmaster.cluster.local. 1700000000 7200 1800 86400 5";
    private static readonly PodRow Pod = new() { Key = DnsLab.Key("prod/client"), Uid = "1", NodeName = "n1", IPs = [DnsLab.Client, IpAddr.Parse("fd01::7")] };

    private readonly DnsLab _lab = new DnsLab(options: new DnsOptions { NodeName = "n1", HostSearches = [] })
        .Namespace("prod", "other")
        .Service("prod/own", "10.96.0.1")
        .Service("other/api", "10.96.0.2", DnsLab.Port("http", IpProtocol.Tcp, 80))
        .Service("other/db", "None").Slice("other/db", "db-1", "10.244.1.1=db-0")
        .External("other/inside", "api.other.svc.cluster.local")
        .External("other/loop", "loop.other.svc.cluster.local")
        .Pod(Pod);

    [Theory]
    [InlineData("api.other", "A", "CNAME api.other.svc.cluster.local.", "api.other.svc.cluster.local. 5 A 10.96.0.2")]
    [InlineData("api.other.svc", "A", "CNAME api.other.svc.cluster.local.", "api.other.svc.cluster.local. 5 A 10.96.0.2")]
    [InlineData("api.other.svc.cluster.local", "A", "CNAME api.other.svc.cluster.local.", "api.other.svc.cluster.local. 5 A 10.96.0.2")]
    [InlineData("API.Other", "A", "CNAME API.Other.svc.cluster.local.", "API.Other.svc.cluster.local. 5 A 10.96.0.2")]
    [InlineData("api.other", "AAAA", "CNAME api.other.svc.cluster.local.", Soa)] // both families agree
    [InlineData("db-0.db.other", "A", "CNAME db-0.db.other.svc.cluster.local.", "db-0.db.other.svc.cluster.local. 5 A 10.244.1.1")]
    [InlineData("10-1-2-3.other.pod", "A", "CNAME 10-1-2-3.other.pod.cluster.local.", "10-1-2-3.other.pod.cluster.local. 5 A 10.1.2.3")]
    public void A_name_that_only_a_later_element_has_is_given_as_an_alias(string name, string type, string alias, string rest)
    {
        string[] answers = [$"{name}{Path}. 5 {alias}", rest];
        Array.Sort(answers, StringComparer.Ordinal);
        var expected = rest.StartsWith('+') ? $"{name}{Path}. 5 {alias}\n{rest}" : string.Join('\n', answers);
        Assert.Equal("NOERROR AA\n" + expected, _lab.Ask(name + Path, Enum.Parse<RecordType>(type)));
    }

    [Fact]
    public void A_search_upstream_costs_its_names_and_no_figures_of_its_own()
    {
        const int Times = 100;
        var made = new NameSearch[Times];
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Times; i++)
        {
            made[i] = new NameSearch(_lab.Handler.Chains, [], _lab.Time);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 1, Times * 512);
        Assert.All(made, search => Assert.Null(search.Match));
    }

    [Fact]
    public void An_alias_may_lead_to_an_alias() => Assert.Equal(
        $"NOERROR AA\napi.other.svc.cluster.local. 5 A 10.96.0.2\ninside.other{Path}. 5 CNAME inside.other.svc.cluster.local.\n"
        + "inside.other.svc.cluster.local. 5 CNAME api.other.svc.cluster.local.",
        _lab.Ask("inside.other" + Path, RecordType.A));

    [Theory]
    [InlineData("own", "A", "NOERROR AA\nown.prod.svc.cluster.local. 5 A 10.96.0.1")]
    [InlineData("own", "AAAA", "NOERROR AA\n" + Soa)] // an empty answer is an answer
    [InlineData("nobody", "A", "NXDOMAIN AA\n" + Soa)]
    [InlineData("nobody.other", "A", "NXDOMAIN AA\n" + Soa)]
    [InlineData("www.example.com", "A", "NXDOMAIN AA\n" + Soa)]
    [InlineData("nobody.other.svc.cluster.local", "A", "NXDOMAIN AA\n" + Soa)]
    [InlineData("api.other", "TXT", "NXDOMAIN AA\n" + Soa)]
    [InlineData("_http._tcp.api.other", "SRV", "NXDOMAIN AA\n" + Soa)]
    public void Everything_else_is_answered_as_it_stands(string name, string type, string expected) =>
        Assert.Equal(expected, _lab.Ask(name + Path, Enum.Parse<RecordType>(type)));

    [Theory]
    [InlineData("api.other.other.svc.cluster.local")] // another namespace's path
    [InlineData("api.other.svc.svc.cluster.local")] // a later element
    [InlineData("api.other.prod.pod.cluster.local")]
    public void Only_the_pods_first_element_is_completed(string name) => Assert.StartsWith("NXDOMAIN AA", _lab.Ask(name, RecordType.A), StringComparison.Ordinal);

    [Fact]
    public void Only_pods_of_this_node_with_an_address_and_a_path_of_their_own_are_served()
    {
        Assert.True(Completes(Pod));
        Assert.False(Completes(Pod with { NodeName = "n2" }));
        Assert.False(Completes(Pod with { NodeName = "" }));
        Assert.False(Completes(Pod with { HostNetwork = true }));
        Assert.False(Completes(Pod with { Finished = true }));
        Assert.False(Completes(Pod with { SearchesCluster = false }));
        Assert.False(Completes(Pod with { SearchesCluster = false, DnsSearches = ["example.com"] }));
        Assert.True(Completes(Pod with { SearchesCluster = false, DnsSearches = ["prod.svc.cluster.local", "svc.cluster.local", "cluster.local"] }));
        Assert.True(Completes(Pod with { DnsSearches = ["example.com"] }));
        Assert.False(Completes(Pod with { Key = DnsLab.Key("other/client") }));
        Assert.True(Completes(Pod));
        _lab.Tables.Pods.Delete(Pod.Key);
        Assert.False(Completes(null));

        bool Completes(PodRow? pod)
        {
            // Another uid: as another pod, whose resolv.conf was written anew.
            foreach (var key in _lab.Tables.Pods.Snapshot().Keys)
            {
                _lab.Tables.Pods.Delete(key);
            }

            _lab.Ask("own" + Path, RecordType.A);
            return _lab.Pod(pod ?? new PodRow { Key = DnsLab.Key("prod/none") }).Ask("api.other" + Path, RecordType.A).StartsWith("NOERROR", StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_address_that_changes_hands_is_its_new_pods()
    {
        _lab.Pod(new PodRow { Key = DnsLab.Key("other/client"), Uid = "2", NodeName = "n1", IPs = [DnsLab.Client] });
        Assert.StartsWith("NXDOMAIN", _lab.Ask("api.other" + Path, RecordType.A), StringComparison.Ordinal);
        _lab.Tables.Pods.Delete(Pod.Key);
        Assert.StartsWith("NOERROR", _lab.Ask("api.other.other.svc.cluster.local", RecordType.A), StringComparison.Ordinal);
    }

    [Fact]
    public void A_block_without_autopath_completes_nothing()
    {
        var block = ChainBuilder.BuiltIn(new DnsOptions()).Blocks[0];
        _lab.Use(block with { Autopath = false });
        Assert.StartsWith("NXDOMAIN", _lab.Ask("api.other" + Path, RecordType.A), StringComparison.Ordinal);
        _lab.Use(block);
        Assert.StartsWith("NOERROR", _lab.Ask("api.other" + Path, RecordType.A), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("api.other")]
    [InlineData("api.other.svc.cluster.local")]
    [InlineData("nobody.other.svc.cluster.local")]
    public void Completing_in_the_zone_allocates_nothing(string name)
    {
        Assert.Equal(0, _lab.LeastAllocated(DnsLab.Query(name + Path, RecordType.A)));
    }

    public void Dispose() => _lab.Dispose();
}
