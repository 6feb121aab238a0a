using System.Net;
using System.Text.Json.Nodes;
using Fairlead.Pods.Files;
using Fairlead.Pods.Spec;

namespace Fairlead.Tests.Pods;

/// <summary>What kubelet writes into a pod: resolv.conf, hosts, the host name.</summary>
public sealed class PodFilesTests
{
    private const string Domain = "cluster.local";
    private const string Host = "# a comment\nnameserver 192.0.2.1\nnameserver 192.0.2.2\nsearch corp.example cluster.local\noptions timeout:1\n";

    private static readonly IPAddress[] Dns = [IPAddress.Parse("10.96.0.10"), IPAddress.Parse("fd00:96::a")];

    [Theory]
    [InlineData("{}", "search shop.svc.cluster.local svc.cluster.local cluster.local corp.example\nnameserver 10.96.0.10\nnameserver fd00:96::a\noptions ndots:5\n")]
    [InlineData("""{"dnsPolicy":"Default"}""", "search corp.example cluster.local\nnameserver 192.0.2.1\nnameserver 192.0.2.2\noptions timeout:1\n")]
    [InlineData("""{"hostNetwork":true}""", "search corp.example cluster.local\nnameserver 192.0.2.1\nnameserver 192.0.2.2\noptions timeout:1\n")]
    [InlineData(
        """{"hostNetwork":true,"dnsPolicy":"ClusterFirstWithHostNet"}""",
        "search shop.svc.cluster.local svc.cluster.local cluster.local corp.example\nnameserver 10.96.0.10\nnameserver fd00:96::a\noptions ndots:5\n")]
    [InlineData(
        """{"dnsPolicy":"None","dnsConfig":{"nameservers":["192.0.2.9"],"searches":["a_b.example","."],"options":[{"name":"ndots","value":"2"},{"name":"edns0"}]}}""",
        "search a_b.example .\nnameserver 192.0.2.9\noptions ndots:2 edns0\n")]
    [InlineData(
        """{"dnsConfig":{"nameservers":["10.96.0.10","192.0.2.9"],"searches":["own.example","corp.example"],"options":[{"name":"ndots","value":"1"}]}}""",
        "search shop.svc.cluster.local svc.cluster.local cluster.local corp.example own.example\nnameserver 10.96.0.10\nnameserver fd00:96::a\nnameserver 192.0.2.9\noptions ndots:1\n")]
    public void A_policy_and_a_config_make_resolv_conf(string spec, string text)
    {
        Assert.Equal(text, ResolvConf.For(Pod(spec), Dns, Domain, Host, out var problems));
        Assert.Empty(problems);
    }

    [Fact]
    public void What_limits_cut_off_is_told()
    {
        var searches = new JsonArray([new string('x', 254), .. Enumerable.Range(0, 40).Select(number => $"s{number}.example")]);
        var spec = new JsonObject { ["dnsConfig"] = new JsonObject { ["nameservers"] = new JsonArray("192.0.2.7", "192.0.2.8"), ["searches"] = searches } };

        var lines = ResolvConf.For(Pod(spec.ToJsonString()), Dns, Domain, Host, out var problems).Split('\n');

        Assert.Equal(ResolvConf.MaxSearches, lines[0].Split(' ').Length - 1);
        Assert.DoesNotContain("xxx", lines[0], StringComparison.Ordinal);
        Assert.Equal(["nameserver 10.96.0.10", "nameserver fd00:96::a", "nameserver 192.0.2.7"], lines[1..4]);
        Assert.Equal(["DNSConfigForming", "DNSConfigForming"], problems.Select(problem => problem.Reason));
        Assert.EndsWith("the applied search line is: " + lines[0]["search ".Length..], problems[0].Message, StringComparison.Ordinal);
        Assert.EndsWith("the applied nameserver line is: 10.96.0.10 fd00:96::a 192.0.2.7", problems[1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_search_line_has_at_most_2048_characters()
    {
        var searches = new JsonArray([.. Enumerable.Range(0, 20).Select(number => $"{number:00}{new string('y', 150)}")]);
        var spec = new JsonObject { ["dnsPolicy"] = "None", ["dnsConfig"] = new JsonObject { ["nameservers"] = new JsonArray("192.0.2.7"), ["searches"] = searches } };

        var line = ResolvConf.For(Pod(spec.ToJsonString()), Dns, Domain, Host, out var problems).Split('\n')[0];

        Assert.Equal(13, line.Split(' ').Length - 1);
        Assert.Single(problems);
    }

    [Fact]
    public void Without_a_cluster_DNS_the_hosts_resolvers_are_asked_and_it_is_told()
    {
        var text = ResolvConf.For(Pod("{}"), [], Domain, Host, out var problems);

        Assert.StartsWith("search corp.example cluster.local\nnameserver 192.0.2.1\n", text, StringComparison.Ordinal);
        Assert.Equal("MissingClusterDNS", Assert.Single(problems).Reason);
    }

    [Theory]
    [InlineData("{}", "web-1", "", "web-1")]
    [InlineData("""{"hostname":"db"}""", "db", "", "db")]
    [InlineData("""{"hostname":"db","subdomain":"data"}""", "db", "db.data.shop.svc.cluster.local", "db")]
    [InlineData("""{"subdomain":"data","setHostnameAsFQDN":true}""", "web-1", "web-1.data.shop.svc.cluster.local", "web-1.data.shop.svc.cluster.local")]
    [InlineData("""{"setHostnameAsFQDN":true}""", "web-1", "", "web-1")]
    [InlineData("""{"hostname":"db","subdomain":"data","hostNetwork":true,"nodeName":"n1"}""", "n1", "", "n1")]
    public void A_pod_has_a_short_a_full_and_a_kernels_name(string spec, string name, string full, string kernel) =>
        Assert.Equal((name, full, kernel), (PodHostname.Short(Pod(spec)), PodHostname.Full(Pod(spec), Domain), PodHostname.Kernel(Pod(spec), Domain)));

    [Fact]
    public void A_pods_name_is_cut_to_a_label_and_a_full_name_too_long_for_the_kernel_is_refused()
    {
        Assert.Equal(new string('a', 62), PodHostname.Short(Pod("{}", new string('a', 62) + "-b")));
        var long64 = Pod("""{"subdomain":"s","setHostnameAsFQDN":true}""", new string('a', 39));
        Assert.Equal(64, PodHostname.Kernel(long64, Domain).Length);
        var failure = Assert.Throws<IOException>(() => PodHostname.Kernel(Pod("""{"subdomain":"s","setHostnameAsFQDN":true}""", new string('a', 40)), Domain));
        Assert.Contains("64 characters is the max, 65 characters requested", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Hosts_is_kubelets_byte_for_byte()
    {
        const string Head = "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
            + "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n";
        var full = Pod("""{"hostname":"db","subdomain":"data","hostAliases":[{"ip":"192.0.2.5","hostnames":["foo","bar.example"]}]}""");

        Assert.Equal(Head + "10.244.0.2\tweb-1\n", HostsFile.For(Pod("{}"), ["10.244.0.2"], Domain, "unused"));
        Assert.Equal(
            Head + "10.244.0.2\tdb.data.shop.svc.cluster.local\tdb\nfd00:244::2\tdb.data.shop.svc.cluster.local\tdb\n\n# Entries added by HostAliases.\n192.0.2.5\tfoo\tbar.example\n",
            HostsFile.For(full, ["10.244.0.2", "fd00:244::2"], Domain, "unused"));
        Assert.Equal(
            "# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n",
            HostsFile.For(Pod("""{"hostNetwork":true}"""), ["172.30.0.11"], Domain, "127.0.0.1 localhost\n"));
    }

    private static PodSpec Pod(string spec, string name = "web-1")
    {
        var document = JsonNode.Parse(spec)!.AsObject();
        document["containers"] = new JsonArray(new JsonObject { ["name"] = "c", ["image"] = "busybox" });
        if (document["dnsPolicy"] is null)
        {
            document["dnsPolicy"] = "ClusterFirst";
        }

        return new PodSpec(new JsonObject { ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "shop", ["uid"] = "u" }, ["spec"] = document });
    }
}
