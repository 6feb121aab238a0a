using Fairlead.Cluster.Model;
using Fairlead.Dns.Explain;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Dns;

/// <summary>Why names of the cluster answer as they do, in the words a user reads.</summary>
public sealed class NameExplainerTests : IDisposable
{
    private readonly DnsLab _lab = new DnsLab()
        .Namespace("prod", "staging", "production")
        .Service("prod/api", "10.96.1.1", DnsLab.Port("http", IpProtocol.Tcp, 80))
        .Slice("prod/api", "api-1", "10.244.0.5 10.244.0.6!")
        .Service("prod/api-service", "10.96.1.2", DnsLab.Port("", IpProtocol.Tcp, 80))
        .Service("prod/db", "None")
        .Slice("prod/db", "db-1", "10.244.0.8=db-0! 10.244.1.8=db-1!")
        .Service("staging/only", "10.96.1.3")
        .External("prod/away", "www.example.com")
        .Put(new ServiceRow
        {
            Key = DnsLab.Key("prod/empty"),
            ClusterIPs = [IpAddr.Parse("10.96.1.4")],
            Selector = Labels.From([new("app", "empty")]),
        });

    [Theory]
    [InlineData("apo.prod.svc.cluster.local", "A", "NXDOMAIN", "there is no Service apo in namespace prod", "did you mean api")]
    [InlineData("only.prod.svc.cluster.local", "A", "NXDOMAIN", "there is no Service only in namespace prod", "ask for only.staging")]
    [InlineData("api.stagin.svc.cluster.local", "A", "NXDOMAIN", "there is no namespace stagin; did you mean staging?", "ask for api.prod")]
    [InlineData("api.svc.cluster.local", "A", "NXDOMAIN", "there is no namespace api", "")]
    [InlineData("api.cluster.local", "A", "NXDOMAIN", "names of the cluster end in svc.cluster.local or pod.cluster.local", "")]
    [InlineData("prod.svc.cluster.local", "A", "NOERROR", "prod is a namespace", "")]
    [InlineData("api.prod.svc.cluster.local", "AAAA", "NOERROR", "Service prod/api has no IPv6 address, only 10.96.1.1", "")]
    [InlineData("api.prod.svc.cluster.local", "A", "NOERROR", "Service prod/api has 1 ready endpoint", "")]
    [InlineData("empty.prod.svc.cluster.local", "A", "NOERROR", "connections to it are refused", "its selector app=empty matches no pod of namespace prod")]
    [InlineData("db.prod.svc.cluster.local", "A", "NXDOMAIN", "is headless and has no ready endpoint", "not ready: 10.244.0.8, 10.244.1.8")]
    [InlineData("db-0.db.prod.svc.cluster.local", "A", "NXDOMAIN", "endpoint db-0 of Service prod/db is not ready", "")]
    [InlineData("web.api.prod.svc.cluster.local", "A", "NXDOMAIN", "no endpoint of Service prod/api is called web", "its ready endpoints: 10-244-0-5")]
    [InlineData("_web._tcp.api.prod.svc.cluster.local", "SRV", "NXDOMAIN", "Service prod/api has no port named web with protocol tcp", "_http._tcp")]
    [InlineData("_http._tcp.api-service.prod.svc.cluster.local", "SRV", "NXDOMAIN", "has no port named http", "only named ports have SRV records")]
    [InlineData("web.prod.pod.cluster.local", "A", "NXDOMAIN", "a pod's name is its address with dashes", "")]
    [InlineData("10-244-0-5.nowhere.pod.cluster.local", "A", "NXDOMAIN", "there is no namespace nowhere", "")]
    [InlineData("api.prod", "A", "SERVFAIL", "not a name of the cluster's zone cluster.local", "the whole name of Service prod/api is api.prod.svc.cluster.local")]
    [InlineData("away.prod.svc.cluster.local", "A", "SERVFAIL", "stands for www.example.com", "")]
    [InlineData("1.1.96.10.in-addr.arpa", "PTR", "NOERROR", "10.96.1.1 is the cluster address of Service prod/api", "")]
    public async Task Each_answer_has_its_reason(string name, string type, string code, string reason, string further)
    {
        var explanation = await ExplainAsync(name, type);

        Assert.Equal(code, explanation.Code);
        Assert.Contains(reason, explanation.Reasons[0], StringComparison.Ordinal);
        Assert.Contains(explanation.Reasons, line => line.Contains(further, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_answer_itself_is_told_as_dig_writes_it()
    {
        var explanation = await ExplainAsync("API.prod.svc.cluster.local.", "A");

        Assert.Equal("API.prod.svc.cluster.local.", explanation.Name);
        Assert.Equal(["API.prod.svc.cluster.local. 5 A 10.96.1.1"], explanation.Answers.Select(line => line.Replace("api.", "API.", StringComparison.Ordinal)));
        Assert.Equal("the cluster's objects", explanation.Source);
        Assert.True(explanation.IsResolved);
    }

    [Fact]
    public async Task A_pod_called_like_the_name_is_told_what_it_lacks()
    {
        var key = DnsLab.Key("prod/web");
        _lab.Tables.Pods.Upsert(key, new PodRow { Key = key });

        Assert.Contains(
            "pod web has a name below api only with spec.hostname and spec.subdomain: api, as pods of a StatefulSet have",
            (await ExplainAsync("web.api.prod.svc.cluster.local", "A")).Reasons);
    }

    [Fact]
    public async Task Before_the_tables_are_there_that_is_the_reason()
    {
        using var lab = new DnsLab(synced: false);

        var explanation = await lab.ExplainAsync("api.prod.svc.cluster.local", "A");

        Assert.Equal("SERVFAIL", explanation!.Code);
        Assert.Contains("has not yet heard from the API server", explanation.Reasons[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "A")]
    [InlineData("a..b", "A")]
    [InlineData("api", "NOTYPE")]
    [InlineData("api", "12")]
    [InlineData("api", "TYPE70000")]
    public async Task What_cannot_be_asked_is_not(string name, string type)
    {
        Assert.False(NameQuestion.IsQuestion(name, type));
        Assert.Null(await _lab.ExplainAsync(name, type));
    }

    // Whatever is asked of the cluster's zone: a refusal always has a reason, and no reason speaks of absence where there is an answer.
    [Fact]
    public async Task Reasons_never_contradict_the_answer()
    {
        string[] labels = ["api", "db", "db-0", "10-244-0-5", "prod", "staging", "nobody", "svc", "pod", "_http", "_tcp", "away"];
        var random = new Random(4711);
        for (var i = 0; i < 3000; i++)
        {
            var name = string.Join('.', Enumerable.Range(0, random.Next(1, 6)).Select(_ => labels[random.Next(labels.Length)])) + ".cluster.local";
            foreach (var type in (string[])["A", "AAAA", "SRV"])
            {
                var explanation = await ExplainAsync(name, type);

                Assert.True(explanation.Code != "NXDOMAIN" || explanation.Reasons.Count > 0, $"{name} {type} does not exist, and nothing says why");
                Assert.True(
                    !explanation.IsResolved || !explanation.Reasons.Any(reason => reason.StartsWith("there is no", StringComparison.Ordinal) || reason.StartsWith("no ", StringComparison.Ordinal)),
                    $"{name} {type} resolves, and is said not to be there: {string.Join("; ", explanation.Reasons)}");
            }
        }
    }

    public void Dispose() => _lab.Dispose();

    private async Task<NameExplanation> ExplainAsync(string name, string type) => (await _lab.ExplainAsync(name, type))!;
}
