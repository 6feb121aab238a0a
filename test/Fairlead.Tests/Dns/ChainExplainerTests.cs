using Fairlead.Cluster.Model;
using Fairlead.Dns.Config;
using Fairlead.Dns.Explain;
using Fairlead.Dns.Server;
using Fairlead.Dns.Wire;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Dns;

/// <summary>What an explanation says of a name under a configuration is what the server answers under it.</summary>
public sealed class ChainExplainerTests : IDisposable
{
    private static readonly string[] Corefiles =
    [
        """
        .:53 {
            kubernetes cluster.local in-addr.arpa ip6.arpa {
                pods insecure
                fallthrough in-addr.arpa ip6.arpa
            }
            forward . 192.0.2.1
            cache 30
        }
        """,
        """
        .:53 {
            kubernetes cluster.local 10.in-addr.arpa {
                pods verified
                zonal
                namespaces prod staging
                endpoint_pod_names
            }
            forward . 192.0.2.1
        }
        """,
        """
        .:53 {
            any
            template ANY AAAA {
                rcode NOERROR
            }
            kubernetes cluster.local in-addr.arpa {
                namespace_labels team=red
                fallthrough prod.svc.cluster.local in-addr.arpa
            }
            forward . 192.0.2.1 {
                except example.com
            }
            cache 30 {
                disable success www.example.org
            }
        }
        """,
        """
        example.com:53 {
            forward . 192.0.2.2
            cache 30
        }
        other.test {
            kubernetes other.test {
                labels tier in (front)
                ignore empty_service
            }
        }
        .:53 {
            hosts {
                10.96.1.1 www.example.org api.prod.svc.cluster.local
                fallthrough example.org cluster.local arpa
            }
            template ANY ANY corp.test {
                rcode NXDOMAIN
            }
            kubernetes cluster.local in-addr.arpa ip6.arpa {
                noendpoints
                pods verified
            }
            forward . 192.0.2.1
        }
        """,
        """
        cluster.local 10.in-addr.arpa {
            hosts {
                10.0.0.9 nobody.prod.svc.cluster.local
            }
            kubernetes cluster.local 10.in-addr.arpa
        }
        prod.svc.cluster.local {
            kubernetes cluster.local {
                fallthrough
            }
            forward prod.svc.cluster.local 192.0.2.3
        }
        """,
        """
        .:53 {
            kubernetes cluster.local clusterset.local in-addr.arpa {
                multicluster clusterset.local
                pods insecure
                namespaces prod staging
                fallthrough staging.svc.clusterset.local
            }
            forward . 192.0.2.1
        }
        """,
    ];

    private static readonly string[] Types = ["A", "AAAA", "SRV", "TXT", "PTR", "SOA", "NS", "CNAME", "ANY"];

    private static readonly string[] Parts =
    [
        "api", "db", "db-0", "pod-1", "10-244-0-5", "10-244-0-6", "10-244-0-8", "fd00--7", "prod", "staging", "other", "nobody", "svc", "pod", "dns", "ns", "dns-version", "_http",
        "_tcp", "http", "tcp", "_udp", "_sql", "out", "in", "hop", "loop", "number", "empty", "far", "blocked", "www",
    ];

    private static readonly string[] Shapes =
    [
        "S.N.svc", "S.N.svc", "E.S.N.svc", "Z.L._zone.S.N.svc", "L._zone.S.N.svc", "_zone.S.N.svc", "P.Q.S.N.svc", "A.N.pod", "N.svc", "N.pod", "svc", "pod", "*", "*.*", "*.*.svc", "*.*.*", "*.*.*.svc", "*.*.*.*.svc", "*.*.*.*.*.svc", "",
    ];

    private static readonly string[] Zones =
        ["cluster.local", "cluster.local", "cluster.local", "other.test", "example.org", "example.com", "corp.test", "xcluster.local", "in-addr.arpa", "10.in-addr.arpa"];

    private static readonly string[] Others =
    [
        "1.1.96.10.in-addr.arpa", "9.9.96.10.in-addr.arpa", "5.0.244.10.in-addr.arpa", "8.0.244.10.in-addr.arpa", "8.8.8.8.in-addr.arpa", "0.244.10.in-addr.arpa",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", "ip6.arpa", "in-addr.arpa", "ns.dns.in-addr.arpa", "dns.in-addr.arpa", "www.example.org", "www.example.com",
        "x.corp.test", "api.prod", "api.prod.svc", "local",
    ];

    private readonly DnsLab _lab = Fill(new DnsLab(rotates: false));

    [Fact]
    public void What_follows_from_the_reasons_is_what_the_server_answers()
    {
        var random = new Random(4711);
        var names = Others.Concat(Enumerable.Range(0, 600).Select(_ => Name(random))).Distinct().ToList();
        var kinds = new Dictionary<string, int>();
        foreach (var corefile in Corefiles)
        {
            Use(corefile);
            foreach (var name in corefile == Corefiles[^1] ? names.Concat(names.Select(name => name.Replace("cluster.local", "clusterset.local", StringComparison.Ordinal))) : names)
            {
                foreach (var type in Types)
                {
                    var kind = Check(name, type, corefile);
                    kinds[kind] = kinds.GetValueOrDefault(kind) + 1;
                }
            }
        }

        Assert.All((string[])["upstream", "NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED"], kind => Assert.InRange(kinds[kind], 100, int.MaxValue));
    }

    [Theory]
    [InlineData(0, "www.example.com", "A", "upstream", "not a name of the cluster's zone cluster.local", "of 192.0.2.1:53")]
    [InlineData(1, "api.other.svc.cluster.local", "A", "NXDOMAIN", "namespace other is not served: the configuration's `namespaces` names prod, staging", "")]
    [InlineData(1, "10-244-0-9.prod.pod.cluster.local", "A", "NXDOMAIN", "no pod of namespace prod has the address 10.244.0.9, and the configuration's `pods verified`", "")]
    [InlineData(1, "10-244-0-5.staging.pod.cluster.local", "A", "NXDOMAIN", "no pod of namespace staging", "it is the address of prod/pod-1")]
    [InlineData(1, "pod-1.db.prod.svc.cluster.local", "A", "NOERROR", "", "")]
    [InlineData(2, "api.staging.svc.cluster.local", "A", "NXDOMAIN", "namespace staging is not served: it has not the labels that the configuration's `namespace_labels`", "")]
    [InlineData(2, "10-244-0-5.prod.pod.cluster.local", "A", "NXDOMAIN", "pods have no names of their own", "")]
    [InlineData(2, "nobody.prod.svc.cluster.local", "A", "upstream", "there is no Service nobody", "since the configuration says `fallthrough`")]
    [InlineData(2, "api.prod.svc.cluster.local", "AAAA", "NOERROR", "the configuration's `template` answers type AAAA in . with NOERROR", "")]
    [InlineData(2, "api.prod.svc.cluster.local", "ANY", "NOERROR", "the configuration's `any`", "")]
    [InlineData(2, "www.example.com", "A", "SERVFAIL", "not a name", "no `forward` of its server block takes it")]
    [InlineData(2, "www.example.org", "A", "upstream", "not a name", "the configuration says `disable success` for it")]
    [InlineData(3, "www.example.org", "A", "NOERROR", "the configuration's `hosts` has www.example.org: 10.96.1.1", "of all server blocks that of . has it")]
    [InlineData(3, "www.example.com", "A", "upstream", "its server block has no plugin kubernetes", "of all server blocks that of example.com has it")]
    [InlineData(3, "db.prod.svc.other.test", "A", "NXDOMAIN", "Service prod/db is not served: it has not the labels", "")]
    [InlineData(3, "empty.prod.svc.other.test", "A", "NXDOMAIN", "the configuration's `ignore empty_service` leaves such Services out", "")]
    [InlineData(3, "db.prod.svc.cluster.local", "A", "NXDOMAIN", "the configuration's `noendpoints`", "")]
    [InlineData(3, "x.example.test", "A", "SERVFAIL", "the configuration's `hosts` does not have x.example.test, and without `fallthrough`", "")]
    [InlineData(3, "x.corp.test", "A", "NXDOMAIN", "the configuration's `template` answers every type in corp.test with NXDOMAIN", "")]
    [InlineData(5, "api.prod.svc.clusterset.local", "A", "NOERROR", "made of ServiceImport prod/api (ClusterSetIP) with 10.97.0.1", "")]
    [InlineData(5, "api.other.svc.clusterset.local", "A", "NXDOMAIN", "ServiceImport other/api is not served", "")]
    [InlineData(5, "api.staging.svc.clusterset.local", "A", "upstream", "there is no ServiceImport api in namespace staging", "since the configuration says `fallthrough`")]
    [InlineData(4, "www.example.com", "A", "REFUSED", "no server block stands for a zone that www.example.com is in; there are blocks for cluster.local, 10.in-addr.arpa, prod.svc.cluster.local", "")]
    public void What_a_configuration_narrows_is_named(int corefile, string name, string type, string code, string reason, string further)
    {
        Use(Corefiles[corefile]);
        var account = new ChainExplainer(_lab.Handler.Chains, _lab.Tables, "cluster.local").Explain(name, Enum.Parse<RecordType>(type));
        Assert.Equal(code, account.Code is { } known ? MessageText.Code(known) : "upstream");
        Assert.Contains(reason, account.Reasons.Count > 0 ? account.Reasons[0] : "", StringComparison.Ordinal);
        Assert.Contains(further, string.Join('\n', account.Reasons), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_answer_is_the_servers_own_and_says_who_knew()
    {
        Use(Corefiles[3]);
        var explanation = (await _lab.ExplainAsync("www.example.org", "A"))!;
        Assert.Equal(("NOERROR", "plugin hosts"), (explanation.Code, explanation.Source));
        Assert.Equal(["www.example.org. 3600 A 10.96.1.1"], explanation.Answers);
        Assert.Equal(("NXDOMAIN", "plugin template"), ((await _lab.ExplainAsync("x.corp.test", "A"))!.Code, (await _lab.ExplainAsync("x.corp.test", "A"))!.Source));
    }

    public void Dispose() => _lab.Dispose();

    private static DnsLab Fill(DnsLab lab)
    {
        lab.Tables.Namespaces.Upsert("prod", new NamespaceRow("prod", Labels.From([new("team", "red")])));
        lab.Tables.EndpointSlices.Upsert(DnsLab.Key("prod/db-2"), new EndpointSliceRow
        {
            Key = DnsLab.Key("prod/db-2"),
            Service = DnsLab.Key("prod/db"),
            Family = IpFamily.V4,
            Endpoints = [new SliceEndpoint { Address = IpAddr.Parse("10.244.0.5"), Ready = true, Pod = DnsLab.Key("prod/pod-1"), Zone = "zone-a" }],
        });
        return lab.Namespace("staging", "other")
            .Put(new ServiceRow
            {
                Key = DnsLab.Key("prod/api"),
                ClusterIPs = [IpAddr.Parse("10.96.1.1"), IpAddr.Parse("fd00::1")],
                Ports = [DnsLab.Port("http", IpProtocol.Tcp, 80)],
                Labels = Labels.From([new("tier", "front")]),
            })
            .Slice("prod/api", "api-1", "10.244.0.5 10.244.0.6!", new EndpointPort("http", IpProtocol.Tcp, 8080))
            .Put(new ServiceRow { Key = DnsLab.Key("prod/empty"), ClusterIPs = [IpAddr.Parse("10.96.1.4")], Labels = Labels.From([new("tier", "front")]) })
            .Service("prod/db", "None")
            .Slice("prod/db", "db-1", "10.244.0.8=db-0 10.244.0.9=db-1!", new EndpointPort("sql", IpProtocol.Tcp, 5432))
            .Service("staging/api", "10.96.2.1", DnsLab.Port("", IpProtocol.Udp, 53))
            .Service("staging/db", "None")
            .Slice("staging/db", "db-1", "fd00::7!")
            .Service("other/api", "10.96.3.1", DnsLab.Port("http", IpProtocol.Udp, 80))
            .External("prod/out", "www.example.org")
            .External("prod/in", "api.prod.svc.cluster.local")
            .External("prod/hop", "out.prod.svc.cluster.local")
            .External("prod/loop", "loop.prod.svc.cluster.local")
            .External("prod/number", "192.0.2.1")
            .External("prod/far", "api.prod.svc.other.test")
            .External("prod/blocked", "www.corp.test")
            .External("other/www", "nobody.prod.svc.cluster.local")
            .Pod("prod/pod-1", "10.244.0.5")
            .Pod("staging/pod-2", "10.244.0.6 fd00::7")
            .Pod("prod/done", "10.244.0.8", finished: true);
    }

    private static string Name(Random random)
    {
        string Of(params string[] words) => words[random.Next(words.Length)];
        var shape = Of(Shapes).Split('.', StringSplitOptions.RemoveEmptyEntries).Select(part => part switch
        {
            "S" => Of("api", "db", "empty", "out", "in", "hop", "loop", "number", "far", "blocked", "www", "nobody"),
            "N" => Of("prod", "prod", "staging", "other", "nowhere"),
            "E" => Of("10-244-0-5", "10-244-0-6", "db-0", "db-1", "pod-1", "_tcp", "_udp", "web"),
            "P" => Of("_http", "http", "_sql", "_dns"),
            "Q" => Of("_tcp", "tcp", "_udp"),
            "Z" => Of("zone-a", "zone-b", "zone-a.far"),
            "L" => Of("pin", "prefer", "none"),
            "A" => Of("10-244-0-5", "10-244-0-6", "10-244-0-8", "fd00--7", "10-0-0-300", "web"),
            "*" => Of(Parts),
            _ => part,
        });
        return string.Join('.', shape.Append(Of(Zones)));
    }

    private string Check(string name, string type, string corefile)
    {
        var asked = Enum.Parse<RecordType>(type);
        var explained = new ChainExplainer(_lab.Handler.Chains, _lab.Tables, "cluster.local").Explain(name, asked);
        var reply = new byte[DnsHandler.MaxReply];
        var handled = _lab.Handler.Handle(DnsLab.Query(name, asked), DnsLab.Client, reply, tcp: true);
        var answered = handled.Pending is not null ? "upstream" : DnsLab.Text(reply[..handled.Length]).Split('\n')[0].Split(' ')[0];
        var said = explained.Code is { } code ? MessageText.Code(code) : "upstream";
        Assert.True(answered == said, $"{name} {type}: {answered}, and the explanation says {said} ({string.Join("; ", explained.Reasons)}) under\n{corefile}");
        Assert.True(said is "NOERROR" || explained.Reasons.Count > 0, $"{name} {type}: {said}, and nothing says why");
        return said;
    }

    private void Use(string text)
    {
        var reading = Corefile.Read(text);
        Assert.Empty(reading.Errors);
        _lab.Use([.. reading.Config!.Blocks]);
        if (_lab.Tables.ServiceImports.Wanted is not null)
        {
            _lab.Import("prod/api", "10.97.0.1", DnsLab.Port("http", IpProtocol.Tcp, 80))
                .Import("prod/db", "None")
                .ImportedSlice("prod/db", "far-1", "_tcp", "10.245.0.8=db-0", new EndpointPort("sql", IpProtocol.Tcp, 5432))
                .ImportedSlice("prod/db", "far-2", "db-1.web", "10.245.0.9=db-0 10.245.0.10!", new EndpointPort("sql", IpProtocol.Tcp, 5432))
                .ImportedSlice("prod/db", "far-3", "", "10.245.0.11=pod-1", new EndpointPort("sql", IpProtocol.Tcp, 5432))
                .Import("staging/db", "None")
                .Import("other/api", "10.97.0.3");
        }

        _lab.Sync();
    }
}
