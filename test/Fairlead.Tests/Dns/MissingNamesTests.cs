using Fairlead.Dns.Metrics;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Dns;

public sealed class MissingNamesTests
{
    private static readonly IpAddr Client = IpAddr.Parse("10.244.0.7");

    [Fact]
    public void Names_that_do_not_exist_are_counted_by_who_asks_and_for_what()
    {
        using var lab = new DnsLab();
        lab.Namespace("prod").Service("prod/api", "10.96.1.1");
        lab.Ask("Nobody.prod.svc.cluster.local", RecordType.A);
        lab.Ask("nobody.prod.svc.cluster.local", RecordType.A);
        lab.Ask("nobody.prod.svc.cluster.local", RecordType.AAAA);
        lab.Ask("api.prod.svc.cluster.local", RecordType.A);

        Assert.Equal(
            [new MissingName(DnsLab.Client, "nobody.prod.svc.cluster.local.", "A", 2, 0), new(DnsLab.Client, "nobody.prod.svc.cluster.local.", "AAAA", 1, 0)],
            lab.Counters.Missing.Top(10));
    }

    [Fact]
    public void What_is_asked_for_often_stays_among_names_without_number()
    {
        var missing = new MissingNames();
        var often = DnsName.Encode("often.example");
        for (var i = 0; i < 100_000; i++)
        {
            missing.Count(Client, RecordType.A, DnsName.Encode($"random-{i}.example"));
            if (i % 20 == 0)
            {
                missing.Count(Client, RecordType.A, often);
            }
        }

        var top = missing.Top(int.MaxValue);
        Assert.InRange(top.Count, MissingNames.Capacity / 2, MissingNames.Capacity);
        Assert.Equal("often.example.", top[0].Name);

        // As the sketch promises: never less than there were, never more than what is said too much.
        Assert.InRange(5000, top[0].Count - top[0].Excess, top[0].Count);
    }

    [Theory]
    [InlineData("www.example.com.prod.svc.cluster.local.", "search path: asked for www.example.com; write www.example.com. or lower ndots")]
    [InlineData("www.example.com.svc.cluster.local.", "search path: asked for www.example.com; write www.example.com. or lower ndots")]
    [InlineData("example.com.cluster.local.", "search path: asked for example.com; write example.com. or lower ndots")]
    [InlineData("api.other.prod.svc.cluster.local.", "search path: asked for api.other; write api.other. or lower ndots")]
    [InlineData("nobody.prod.svc.cluster.local.", "")]
    [InlineData("nobody.other.svc.cluster.local.", "")]
    [InlineData("_http._tcp.nobody.prod.svc.cluster.local.", "")]
    [InlineData("www.example.com.", "")]
    public void A_name_that_a_search_path_made_is_told(string name, string hint) => Assert.Equal(hint, SearchPath.HintOf(name, "prod", "cluster.local"));
}
