using System.Globalization;
using System.Text;
using Fairlead.Dns.Config;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Dns;

/// <summary>What texts mean, and what is said of those that mean nothing.</summary>
public sealed class CorefileTests
{
    private const string Kubeadm = """
        .:53 {
            errors
            health {
               lameduck 5s
            }
            ready
            kubernetes cluster.local in-addr.arpa ip6.arpa {
               pods insecure
               fallthrough in-addr.arpa ip6.arpa
               ttl 30
            }
            prometheus :9153
            forward . /etc/resolv.conf {
               max_concurrent 1000
            }
            cache 30 {
               disable success cluster.local
               disable denial cluster.local
            }
            loop
            reload
            loadbalance
        }
        """;

    [Fact]
    public void The_text_of_kubeadm_is_understood_as_it_stands()
    {
        var reading = Corefile.Read(Kubeadm);
        Assert.Empty(reading.Errors);
        Assert.Empty(reading.Warnings);
        var block = Assert.Single(reading.Config!.Blocks);
        Assert.Equal([""], block.Zones);
        Assert.True(block.RoundRobin);
        Assert.Equal(
            new KubernetesOptions { Zones = ["cluster.local", "in-addr.arpa", "ip6.arpa"], Pods = PodNames.Insecure, Ttl = 30, Fallthrough = ["in-addr.arpa", "ip6.arpa"] },
            block.Kubernetes);
        Assert.Equal(
            new ForwardOptions { To = [new ForwardTarget(null, "/etc/resolv.conf", false)], MaxConcurrent = 1000 },
            Assert.Single(block.Forwards));
        var kept = TimeSpan.FromSeconds(30);
        var cache = new CacheOptions { DisableSuccess = ["cluster.local"], DisableDenial = ["cluster.local"] };
        Assert.Equal(cache with { Success = cache.Success with { MaxTtl = kept }, Denial = cache.Denial with { MaxTtl = kept } }, block.Cache);
    }

    // Of the Kubernetes documentation, "Customizing DNS Service", stub domain and upstream.
    [Fact]
    public void The_stub_domains_of_the_Kubernetes_documentation_are_understood()
    {
        var config = Read("""
            .:53 {
                errors
                health
                kubernetes cluster.local in-addr.arpa ip6.arpa {
                   pods insecure
                   fallthrough in-addr.arpa ip6.arpa
                }
                prometheus :9153
                forward . 172.16.0.1
                cache 30
                loop
                reload
                loadbalance
            }
            consul.local:53 {
                errors
                cache 30
                forward . 10.150.0.1
            }
            """);
        Assert.Equal(["", "consul.local"], config.Blocks.Select(block => Assert.Single(block.Zones)));
        Assert.Equal(["172.16.0.1:53", "10.150.0.1:53"], config.Blocks.Select(block => $"{Assert.Single(Assert.Single(block.Forwards).To).Address}"));
        Assert.Null(config.Blocks[1].Kubernetes);
        Assert.Equal(["consul.local"], config.Blocks[1].Cache!.Zones);
    }

    [Fact]
    public void A_hosts_block_is_understood()
    {
        var hosts = Read("""
            . {
                hosts {
                    10.0.0.1 Db.Example.ORG db
                    2001:db8::1 db
                    ttl 60
                    no_reverse
                    fallthrough example.org
                }
            }
            """).Blocks[0].Hosts!;
        Assert.Equal(["10.0.0.1 db.example.org db", "2001:db8::1 db"], hosts.Entries.Select(entry => $"{entry.Address} {string.Join(' ', entry.Names)}"));
        Assert.Equal((60u, true), (hosts.Ttl, hosts.NoReverse));
        Assert.Equal(["example.org"], hosts.Fallthrough);
        Assert.Equal([""], hosts.Zones);
    }

    [Fact]
    public void A_file_of_hosts_is_another_key_of_the_same_ConfigMap()
    {
        var reading = Corefile.Read(
            ".:53 {\n hosts /etc/coredns/NodeHosts {\n ttl 60\n reload 15s\n fallthrough\n }\n}",
            new Dictionary<string, string> { ["NodeHosts"] = "# nodes\n172.30.0.11 node-1 # first\nnonsense\n" });
        Assert.Empty(reading.Errors);
        Assert.Equal(["node-1"], Assert.Single(reading.Config!.Blocks[0].Hosts!.Entries).Names);
    }

    [Theory]
    [InlineData(".", 53, "")]
    [InlineData(":53", 53, "")]
    [InlineData("dns://.:53", 53, "")]
    [InlineData("Example.ORG.", 53, "example.org")]
    [InlineData("example.org example.net:53", 53, "example.org|example.net")]
    [InlineData("example.org,\nexample.net", 53, "example.org|example.net")]
    [InlineData("10.0.0.0/8", 53, "10.in-addr.arpa")]
    [InlineData("10.1.0.0/15:53", 53, "0.10.in-addr.arpa|1.10.in-addr.arpa")]
    [InlineData("192.168.7.0/24", 53, "7.168.192.in-addr.arpa")]
    [InlineData("0.0.0.0/0", 53, "in-addr.arpa")]
    [InlineData("2001:db8::/32", 53, "8.b.d.0.1.0.0.2.ip6.arpa")]
    [InlineData("fd00::/8", 53, "d.f.ip6.arpa")]
    public void Zones_are_names_or_ranges_with_or_without_a_port(string keys, int port, string zones)
    {
        var block = Assert.Single(Read($"{keys} {{\n log\n}}").Blocks);
        Assert.Equal(port, block.Port);
        Assert.Equal(zones.Split('|'), block.Zones);
    }

    [Fact]
    public void Quotes_comments_snippets_and_a_text_without_braces_are_understood()
    {
        Assert.Equal(AnswerClasses.Denial | AnswerClasses.Error, Read(".\nlog {\n class denial error # not all\n}\nany").Blocks[0].Logs);
        var snippet = Read("""
            (up) {
                forward "." 10.0.0.1 { # first
                    policy sequential
                }
            }
            (all) {
                import up
                cache
            }
            . {
                import all
            }
            example.org {
                import up
            }
            """);
        Assert.Equal(ForwardPolicy.Sequential, snippet.Blocks[0].Forwards[0].Policy);
        Assert.NotNull(snippet.Blocks[0].Cache);
        Assert.Equal(snippet.Blocks[0].Forwards, snippet.Blocks[1].Forwards);
    }

    [Fact]
    public void Every_option_of_the_plugins_is_understood()
    {
        var block = Read("""
            . {
                kubernetes cluster.local {
                    pods verified
                    endpoint_pod_names
                    ignore empty_service
                    noendpoints
                    zonal
                    namespaces prod web
                    labels app in (a, b)
                    fallthrough
                }
                forward example.org 10.0.0.1:5353 [2001:db8::1]:53 tls://9.9.9.9 {
                    except a.example.org 10.0.0.0/8
                    policy round_robin
                    max_fails 0
                    health_check 1m0.5s no_rec domain example.org
                    expire 20s
                    force_tcp
                    prefer_udp
                    failfast_all_unhealthy_upstreams
                    tls_servername dns.quad9.net
                    tls /etc/certs/tls.crt /etc/certs/tls.key /etc/certs/ca.crt
                }
                cache 60 example.org {
                    success 100 50 0
                    denial 200
                    prefetch 10 2m 20%
                    serve_stale 30m verify
                    servfail 0
                    keepttl
                }
                autopath @kubernetes
                bufsize 512
                any
            }
            """).Blocks[0];
        var kubernetes = block.Kubernetes!;
        Assert.Equal((PodNames.Verified, true, true, true), (kubernetes.Pods, kubernetes.EndpointPodNames, kubernetes.IgnoreEmptyService, kubernetes.NoEndpoints));
        Assert.True(kubernetes.Zonal);
        Assert.Equal(["prod", "web"], kubernetes.Namespaces);
        Assert.Equal([""], kubernetes.Fallthrough);
        Assert.Single(kubernetes.Labels!.Requirements);
        var forward = Assert.Single(block.Forwards);
        Assert.Equal("example.org", forward.From);
        Assert.Equal(["10.0.0.1:5353", "[2001:db8::1]:53", "9.9.9.9:853 tls"], forward.To.Select(target => $"{target.Address}{(target.Tls ? " tls" : "")}"));
        Assert.Equal(["a.example.org", "10.in-addr.arpa"], forward.Except);
        Assert.Equal((ForwardPolicy.RoundRobin, 0, TimeSpan.FromSeconds(60.5)), (forward.Policy, forward.MaxFails, forward.HealthCheck));
        Assert.Equal((false, "example.org", TimeSpan.FromSeconds(20)), (forward.HealthCheckRecurses, forward.HealthCheckName, forward.Expire));
        Assert.Equal((true, true, true, "dns.quad9.net"), (forward.ForceTcp, forward.PreferUdp, forward.FailFast, forward.TlsServerName));
        Assert.Equal(("/etc/certs/tls.crt", "/etc/certs/tls.key", "/etc/certs/ca.crt"), (forward.TlsCertificate?.Path, forward.TlsKey?.Path, forward.TlsAuthorities?.Path));
        var cache = block.Cache!;
        Assert.Equal(new CacheClass(100, TimeSpan.FromSeconds(50), TimeSpan.Zero), cache.Success);
        Assert.Equal(new CacheClass(200, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(5)), cache.Denial);
        Assert.Equal((10, TimeSpan.FromMinutes(2), 20), (cache.PrefetchAmount, cache.PrefetchDuration, cache.PrefetchPercentage));
        Assert.Equal((TimeSpan.FromMinutes(30), true, TimeSpan.Zero, true), (cache.ServeStale, cache.ServeStaleVerify, cache.ServFail, cache.KeepTtl));
        Assert.Equal((true, 512, true), (block.Autopath, block.UdpSize, block.MinimizesAny));
    }

    [Theory]
    [InlineData("", "Corefile: no server block for port 53")]
    [InlineData(".:53 {\n foo\n}", "Corefile:2: plugin \"foo\": not known")]
    [InlineData(".:53 {\n\n acl\n}", "Corefile:3: plugin \"acl\": is one of CoreDNS that is not served here")]
    [InlineData(".:53 {\n forward .\n}", "Corefile:2: plugin \"forward\": takes at least 2 arguments, 1 are given")]
    [InlineData(".:53 {\n forward . resolver\n}", "Corefile:2: plugin \"forward\": \"resolver\" is neither an address, with or without a port, behind dns:// or tls:// or nothing, nor /etc/resolv.conf")]
    [InlineData(".:53 {\n forward . /etc/other.conf\n}", "Corefile:2: plugin \"forward\": \"/etc/other.conf\": the files of CoreDNS's pod are not here; name the servers, or /etc/resolv.conf for those of the node")]
    [InlineData(".:53 {\n forward . 10.0.0.1 {\n  policy best\n }\n}", "Corefile:3: plugin \"forward\": policy: is one of random, round_robin and sequential")]
    [InlineData(".:53 {\n cache 30 {\n  sucess 3\n }\n}", "Corefile:3: plugin \"cache\": option \"sucess\" is not known")]
    [InlineData(".:53 {\n cache 0\n}", "Corefile:2: plugin \"cache\": \"0\" is no number of seconds from 1 to 86400")]
    [InlineData(".:53 {\n cache {\n  servfail 6m\n }\n}", "Corefile:3: plugin \"cache\": servfail: at most 5m")]
    [InlineData(".:53 {\n kubernetes\n}", "Corefile:2: plugin \"kubernetes\": names no zone of a cluster, such as cluster.local")]
    [InlineData(".:53 {\n kubernetes a23456789012345678901234567890.a23456789012345678901234567890.a23456789012345678901234567890.local1234\n}", "Corefile:2: plugin \"kubernetes\": a cluster's zone has at most 100 characters, so that the names of Services fit below it")]
    [InlineData(".:53 {\n kubernetes cluster.local {\n  ttl 3601\n }\n}", "Corefile:3: plugin \"kubernetes\": ttl: \"3601\" is no number from 0 to 3600")]
    [InlineData(".:53 {\n kubernetes cluster.local {\n  pods some\n }\n}", "Corefile:3: plugin \"kubernetes\": pods: is one of disabled, insecure and verified")]
    [InlineData(".:53 {\n kubernetes cluster.local {\n  multicluster clusterset.local\n }\n}", "Corefile:2: plugin \"kubernetes\": multicluster: clusterset.local is none of the plugin's zones")]
    [InlineData(".:53 {\n hosts /etc/coredns/list\n}", "Corefile:2: plugin \"hosts\": \"/etc/coredns/list\": the files of CoreDNS's pod are not here; write its lines into the braces, or give the ConfigMap a key \"list\"")]
    [InlineData(".:53 {\n hosts {\n  10.0.0.300 a\n }\n}", "Corefile:3: plugin \"hosts\": option \"10.0.0.300\" is not known")]
    [InlineData(".:53 {\n template ANY AAAA {\n  answer \"{{ .Name }} 60 IN AAAA ::1\"\n }\n}", "Corefile:3: plugin \"template\": answer: is not served: only templates that answer with a code alone are")]
    [InlineData(".:53 {\n template ANY FOO\n}", "Corefile:2: plugin \"template\": type \"FOO\" is not known")]
    [InlineData(".:53 {\n transfer example.net example.org\n}", "Corefile:2: plugin \"transfer\": needs a line \"to\": who may have the zone")]
    [InlineData(".:53 {\n transfer {\n  to\n }\n}", "Corefile:3: plugin \"transfer\": to: takes at least 1 argument, 0 are given")]
    [InlineData(".:53 {\n transfer example.net {\n  invalid option\n }\n}", "Corefile:3: plugin \"transfer\": option \"invalid\" is not known")]
    [InlineData(".:53 {\n transfer {\n  to example.com 1.2.3.4\n }\n}", "Corefile:3: plugin \"transfer\": to: \"example.com\" is no address, no range of addresses and not *")]
    [InlineData(".:53 {\n autopath @kubernetes\n}", "Corefile:2: plugin \"autopath\": there is no plugin kubernetes in this block")]
    [InlineData(".:53 {\n loop\n loop\n}", "Corefile:3: plugin \"loop\": stands in this block already, on line 2")]
    [InlineData(".:53 {\n any\n}\n.:53 {\n any\n}", "Corefile:4: zone \".\" has a block already, on line 1")]
    [InlineData(".:53 {\n any", "Corefile:1: the block is not closed: '}' is missing")]
    [InlineData(".:53 {\n any\n}\n}", "Corefile:4: '}' closes nothing")]
    [InlineData(".:53{\n any\n}", "Corefile:1: \".:53{\": a space is missing before the brace")]
    [InlineData(".:53 {\n forward . \"10.0.0.1\n}", "Corefile:2: a quote is opened and not closed")]
    [InlineData(".:53 {\n forward . {$UPSTREAM}\n}", "Corefile:2: \"{$UPSTREAM}\": the environment of CoreDNS's pod is not here; write the value")]
    [InlineData(".:53 {\n import other\n}", "Corefile:2: import \"other\": no such snippet before this line, and the files of CoreDNS's pod are not here")]
    [InlineData("tls://. {\n any\n}", "Corefile:1: \"tls://.\": only dns:// is served, by UDP and TCP")]
    [InlineData("a..b {\n any\n}", "Corefile:1: \"a..b\" is no zone")]
    [InlineData("(a) {\n import a\n}\n. {\n import a\n}", "Corefile:2: import: snippets more than 8 deep")]
    public void What_is_not_understood_is_named_with_its_line(string text, string error)
    {
        var reading = Corefile.Read(text);
        Assert.Null(reading.Config);
        Assert.Contains(error, reading.Errors);
    }

    [Fact]
    public void Who_may_have_zones_is_understood()
    {
        var block = Assert.Single(Read(".:53 {\n transfer {\n  to 1.2.3.4 5.6.7.8:1053 [1::2]:34\n }\n transfer example.com 10.0.0.0/8 {\n  to *\n  to 10.0.0.0/24\n }\n}").Blocks);
        Assert.Equal(
            [
                new TransferOptions { Zones = [""], To = [IpNet.Parse("1.2.3.4/32"), IpNet.Parse("5.6.7.8/32"), IpNet.Parse("1::2/128")] },
                new TransferOptions { Zones = ["example.com", "10.in-addr.arpa"], To = [IpNet.Parse("0.0.0.0/0"), IpNet.Parse("::/0"), IpNet.Parse("10.0.0.0/24")] },
            ],
            block.Transfers);
    }

    [Fact]
    public void All_errors_are_named_in_the_order_of_their_lines()
    {
        var reading = Corefile.Read("a..b {\n foo\n cache x%\n}\n.:53 {\n forward . nobody {\n  policy best\n }\n}");
        Assert.Equal(["Corefile:1:", "Corefile:2:", "Corefile:3:", "Corefile:6:", "Corefile:7:"], reading.Errors.Select(error => error.Split(' ')[0]));
    }

    [Theory]
    [InlineData(".:53 {\n any\n}\n.:5353 {\n any\n}", "Corefile:4: \".:5353\": port 5353 is not served, only 53")]
    [InlineData(".:53 {\n transfer {\n  to * 10.0.0.1:1053\n }\n}", "Corefile:3: plugin \"transfer\": to: 10.0.0.1:1053 may have the zone, but is not told of changes (NOTIFY): it finds them by the SOA")]
    [InlineData(".:53 {\n bind 127.0.0.1\n}", "Corefile:2: plugin \"bind\": has no effect: the server's addresses are those of the cluster's DNS Service")]
    [InlineData(".:53 {\n kubernetes cluster.local {\n  kubeconfig /root/.kube/config\n }\n}", "Corefile:3: plugin \"kubernetes\": kubeconfig: has no effect: the node agent's own connection to the API server is used")]
    [InlineData(".:53 {\n bufsize 4096\n}", "Corefile:2: plugin \"bufsize\": answers by UDP stay below 1232 bytes, which no link cuts")]
    [InlineData("import custom/*.server\n.:53 {\n import custom/*.override\n any\n}", "Corefile:3: import \"custom/*.override\": the files of CoreDNS's pod are not here; nothing is imported")]
    public void What_has_no_effect_is_said(string text, string warning)
    {
        var reading = Corefile.Read(text);
        Assert.Empty(reading.Errors);
        Assert.Single(reading.Config!.Blocks);
        Assert.Contains(warning, reading.Warnings);
    }

    [Fact]
    public void A_snippet_that_multiplies_ends_at_the_limit_of_lines()
    {
        var text = new StringBuilder("(s0) {\n errors\n}\n");
        for (var i = 1; i <= 7; i++)
        {
            text.Append(CultureInfo.InvariantCulture, $"(s{i}) {{\n").Insert(text.Length, $" import s{i - 1}\n", 60).Append("}\n");
        }

        Assert.Contains(Corefile.Read($"{text}. {{\n import s7\n}}").Errors, error => error.EndsWith("more than 20000 lines, imported ones among them", StringComparison.Ordinal));
    }

    private static DnsConfig Read(string text)
    {
        var reading = Corefile.Read(text);
        Assert.Empty(reading.Errors);
        return reading.Config!;
    }
}
