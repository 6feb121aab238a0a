using Fairlead.Cluster.Model;
using Fairlead.Dns;
using Fairlead.Dns.Explain;

namespace Fairlead.Tests.Dns;

/// <summary>Names evaluated from objects alone: what a node answers, and of upstreams that they were not asked.</summary>
public sealed class NameEvaluatorTests : IDisposable
{
    private static readonly ObjectKey Key = new("kube-system", "coredns");
    private readonly DnsLab _lab = new DnsLab().Namespace("prod", "other").Service("prod/api", "10.96.1.1").Service("other/api", "10.96.1.2").External("prod/out", "www.example.com");

    [Theory]
    [InlineData("api.prod.svc.cluster.test", "A", "NOERROR", "api.prod.svc.cluster.test. 5 A 10.96.1.1", "Service prod/api resolves")]
    [InlineData("api.other.svc.cluster.test", "A", "NXDOMAIN", "", "namespace other is not served")]
    [InlineData("out.prod.svc.cluster.test", "CNAME", "NOERROR", "out.prod.svc.cluster.test. 5 CNAME www.example.com.", "stands for www.example.com")]
    [InlineData("www.other.test", "A", "REFUSED", "", "no server block")]
    public async Task What_the_cluster_knows_is_decided(string name, string type, string code, string answer, string reason)
    {
        using var names = Evaluate();
        var explanation = (await names.ExplainAsync(new NameQuestion(DnsLab.Client, name, type), default))!;
        Assert.Equal((code, true), (explanation.Code, explanation.IsAsked));
        Assert.Equal(answer, string.Join('\n', explanation.Answers));
        Assert.Contains(reason, explanation.Reasons[0], StringComparison.Ordinal);
        Assert.Equal("cluster.test", names.Domain);
    }

    [Theory]
    [InlineData("www.example.com", "of 192.0.2.1:53, the node's resolvers, who are not known here")]
    [InlineData("out.prod.svc.cluster.test", "of 192.0.2.1:53, the node's resolvers, who are not known here")]
    public async Task What_upstreams_know_stays_open(string name, string reason)
    {
        using var names = Evaluate();
        var explanation = (await names.ExplainAsync(new NameQuestion(DnsLab.Client, name, "A"), default))!;
        Assert.Equal(("", false, false), (explanation.Code, explanation.IsAsked, explanation.IsResolved));
        Assert.Contains(reason, string.Join('\n', explanation.Reasons), StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_that_is_not_understood_is_named_with_its_line()
    {
        _lab.Tables.ConfigMaps.Upsert(Key, new ConfigMapRow { Key = Key, Data = new Dictionary<string, string> { ["Corefile"] = ".:53 {\n rewrite name a b\n}" } });
        Assert.Contains("Corefile:2: plugin \"rewrite\"", Assert.Throws<FormatException>(() => new NameEvaluator(_lab.Tables, Options, _lab.Time)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _lab.Dispose();

    private static DnsOptions Options => new() { Corefile = Key };

    private NameEvaluator Evaluate()
    {
        const string Text = """
            cluster.test in-addr.arpa {
                kubernetes cluster.test in-addr.arpa {
                    namespaces prod
                }
            }
            example.com {
                forward . 192.0.2.1 /etc/resolv.conf
                cache 30
            }
            """;
        _lab.Tables.ConfigMaps.Upsert(Key, new ConfigMapRow { Key = Key, Data = new Dictionary<string, string> { ["Corefile"] = Text } });
        return new NameEvaluator(_lab.Tables, Options, _lab.Time);
    }
}
