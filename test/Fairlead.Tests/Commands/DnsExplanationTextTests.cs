using System.Net;
using Fairlead.Dns.Explain;
using Fairlead.Explain;

namespace Fairlead.Tests.Commands;

/// <summary>A pod's look-up: which names its resolver asks for, and what `explain dns` prints.</summary>
public sealed class DnsExplanationTextTests
{
    private const string ResolvConf = "search old.example\nsearch default.svc.cluster.local svc.cluster.local cluster.local .\nnameserver 10.96.0.10\nnameserver fe80::1%eth0\noptions edns0 ndots:5\n";

    [Theory]
    [InlineData("api", "api.default.svc.cluster.local", "api.svc.cluster.local", "api.cluster.local", "api")]
    [InlineData("a.b.c.d.e.f", "a.b.c.d.e.f", "a.b.c.d.e.f.default.svc.cluster.local", "a.b.c.d.e.f.svc.cluster.local", "a.b.c.d.e.f.cluster.local")]
    [InlineData("api.", "api")]
    public void Names_are_completed_as_resolv_conf_says(string name, params string[] asked) =>
        Assert.Equal(asked, ResolverConfiguration.Parse(ResolvConf).Candidates(name));

    [Fact]
    public void What_a_C_library_reads_is_read()
    {
        var read = ResolverConfiguration.Parse(ResolvConf);

        Assert.Equal(IPAddress.Parse("10.96.0.10"), read.Nameservers[0]);
        Assert.Equal(5, read.Ndots);
        Assert.Equal(1, ResolverConfiguration.Parse("options ndots:x\nnonsense\n").Ndots);
    }

    [Fact]
    public void The_walk_is_told_step_by_step()
    {
        var document = new DnsExplanationDocument
        {
            Resolved = true,
            Pod = "default/web",
            Node = "fairlead-1",
            Address = "10.244.0.7",
            Nameservers = ["10.96.0.10"],
            Searches = ["default.svc.cluster.local", "svc.cluster.local"],
            Ndots = 5,
            Names =
            [
                new NameExplanation { Name = "api.prod.default.svc.cluster.local.", Code = "NXDOMAIN", Source = "the cluster's objects", Reasons = ["there is no Service prod in namespace default"] },
                new NameExplanation { Name = "api.prod.svc.cluster.local.", Code = "NOERROR", Source = "the cluster's objects", Answers = ["api.prod.svc.cluster.local. 5 A 10.96.1.1"] },
            ],
        };

        Assert.Equal(
            """
            pod default/web, 10.244.0.7, on node fairlead-1
              asks 10.96.0.10; search default.svc.cluster.local svc.cluster.local; ndots 5
              api.prod has 1 dot, fewer than ndots: the search list is tried first
              1 ✗ api.prod.default.svc.cluster.local. A: NXDOMAIN (from the cluster's objects)
                 - there is no Service prod in namespace default
              2 ✓ api.prod.svc.cluster.local. A: (from the cluster's objects)
                 api.prod.svc.cluster.local. 5 A 10.96.1.1
            api.prod resolves
            """,
            string.Join('\n', DnsExplanationText.Lines(document, "api.prod", "A")));
    }

    [Fact]
    public void What_was_evaluated_from_objects_says_so_and_leaves_upstreams_their_say()
    {
        var document = new DnsExplanationDocument
        {
            Resolved = false,
            Pod = "default/web",
            Node = "n1",
            Address = "10.244.0.7",
            Nameservers = ["10.96.0.10"],
            Searches = [],
            Ndots = 1,
            Basis = "evaluated from objects",
            Names = [new NameExplanation { Name = "www.example.com.", Code = "", Source = "upstream, which is not asked from here", IsAsked = false, Reasons = ["it is asked upstream"] }],
        };

        Assert.Equal(
            """
            pod default/web, 10.244.0.7, on node n1
              asks 10.96.0.10; search nothing; ndots 1
              evaluated from objects
              www.example.com. ends with a dot: it is asked for as it stands, and nothing else is
              1 ? www.example.com. A: (from upstream, which is not asked from here)
                 - it is asked upstream
            whether www.example.com. resolves is for upstreams to say
            """,
            string.Join('\n', DnsExplanationText.Lines(document, "www.example.com.", "A")));
    }
}
