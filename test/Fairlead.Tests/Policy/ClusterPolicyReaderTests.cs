using System.Text.Json.Nodes;
using CsCheck;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Reflectors;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Policy;

/// <summary>ClusterNetworkPolicy documents as rows; what is not understood accepts nothing and passes nothing on.</summary>
public sealed class ClusterPolicyReaderTests
{
    private const string Head = """ "tier": "Admin", "priority": 7, "subject": { "namespaces": {} }, """;

    [Fact]
    public void A_policy_is_read_whole()
    {
        var row = Read("""
            "tier": "Baseline", "priority": 40, "subject": { "pods": { "podSelector": { "matchLabels": { "app": "db" } } } },
            "egress": [
              { "name": "out", "action": "Pass",
                "to": [ { "nodes": {} }, { "networks": [ "10.0.0.0/8", "fd00::/8" ] }, { "namespaces": { "matchLabels": { "team": "a" } } } ],
                "protocols": [ { "udp": { "destinationPort": { "range": { "start": 53, "end": 54 } } } }, { "destinationNamedPort": "dns" }, { "tcp": { "destinationPort": { "number": 80 } } } ] }
            ]
            """);
        Assert.Equal(("cnp", PolicyTier.Baseline, 40), (row.Name, row.Tier, row.Priority));
        Assert.Equal((LabelSelector.Everything, new LabelSelector([new("app", LabelOperator.In, ["db"])])), (row.SubjectNamespaces, row.SubjectPods));
        Assert.Empty(row.Faults);
        var rule = Assert.Single(row.Egress);
        Assert.Equal(("out", PolicyAction.Pass), (rule.Name, rule.Action));
        Assert.Equal(
            [
                new PolicyPeer(null, null, null, LabelSelector.Everything), Network("10.0.0.0/8"), Network("fd00::/8"),
                new PolicyPeer(new LabelSelector([new("team", LabelOperator.In, ["a"])]), LabelSelector.Everything, null),
            ],
            rule.Peers);
        Assert.Equal(
            [
                new PolicyPort(IpProtocol.Udp, 53, 54, ""), new PolicyPort(IpProtocol.Tcp, 0, 0, "dns"), new PolicyPort(IpProtocol.Udp, 0, 0, "dns"),
                new PolicyPort(IpProtocol.Sctp, 0, 0, "dns"), new PolicyPort(IpProtocol.Tcp, 80, 80, ""),
            ],
            rule.Ports);
        Assert.Equal(new RulePlaces(0, [0, 1, 1, 2], [0, 1, 1, 1, 2]), rule.Places);
    }

    [Theory]
    [InlineData("""[ {} ]""", "spec.ingress[0].from[0]: not exactly one field that is known")]
    [InlineData("""[ { "serviceAccounts": {} } ]""", "spec.ingress[0].from[0]: not exactly one field that is known")]
    [InlineData("""[ { "namespaces": {}, "pods": { "podSelector": {} } } ]""", "spec.ingress[0].from[0]: not exactly one field that is known")]
    [InlineData("""[ { "networks": [ "10.0.0.0/8" ] } ]""", "spec.ingress[0].from[0]: not exactly one field that is known")]
    [InlineData("""[ { "namespaces": {} }, "everybody" ]""", "spec.ingress[0].from[1]: no object")]
    [InlineData("""[ { "pods": { "podSelector": {}, "nodeSelector": {} } } ]""", "spec.ingress[0].from[0]: not exactly one field that is known")]
    [InlineData("""[ { "pods": { "namespaceSelector": {} } } ]""", "spec.ingress[0].from[0].pods.podSelector: missing")]
    [InlineData("""[ { "namespaces": { "matchExpressions": [ { "key": "a", "operator": "Like" } ] } } ]""", "spec.ingress[0].from[0].namespaces: unknown label operator Like")]
    [InlineData("[]", "spec.ingress[0].from: no peers")]
    [InlineData("null", "spec.ingress[0].from: no peers")]
    [InlineData("\"everybody\"", "spec.ingress[0].from: no list")]
    public void A_peer_that_is_not_understood_accepts_nobody_and_denies_everybody(string from, string fault)
    {
        var row = Read($$"""{{Head}} "ingress": [ { "action": "Accept", "from": {{from}} }, { "action": "Deny", "from": {{from}} }, { "action": "Pass", "from": {{from}} } ]""");
        Assert.Equal(fault, row.Faults[0]);
        Assert.Equal(3, row.Faults.Count);
        Assert.Equal((PolicyAction.Accept, 0), (row.Ingress[0].Action, row.Ingress[0].Peers.Count));
        foreach (var rule in row.Ingress.Skip(1))
        {
            Assert.Equal(PolicyAction.Deny, rule.Action);
            Assert.Equal([Network("0.0.0.0/0"), Network("::/0")], rule.Peers);
            Assert.Empty(rule.Ports);
        }
    }

    [Theory]
    [InlineData("""[ { "icmp": {} } ]""")]
    [InlineData("""[ { "tcp": {} } ]""")]
    [InlineData("""[ { "tcp": { "destinationPort": { "number": 80 }, "flags": "syn" } } ]""")]
    [InlineData("""[ { "tcp": { "destinationPort": { "number": 80 } }, "udp": { "destinationPort": { "number": 80 } } } ]""")]
    [InlineData("""[ { "tcp": { "destinationPort": { "number": 0 } } } ]""")]
    [InlineData("""[ { "tcp": { "destinationPort": { "range": { "start": 90, "end": 80 } } } } ]""")]
    [InlineData("""[ { "destinationNamedPort": 80 } ]""")]
    [InlineData("""[ 80 ]""")]
    [InlineData("\"tcp\"")]
    public void A_port_that_is_not_understood_is_every_port_to_be_denied_and_none_to_be_accepted(string protocols)
    {
        var row = Read($$"""
            {{Head}} "ingress": [ { "action": "Accept", "from": [ { "namespaces": {} } ], "protocols": {{protocols}} },
                                  { "action": "Pass", "from": [ { "namespaces": {} } ], "protocols": {{protocols}} } ]
            """);
        Assert.StartsWith("spec.ingress[0].protocols", row.Faults[0], StringComparison.Ordinal);
        Assert.Empty(row.Ingress[0].Peers);
        Assert.Equal((PolicyAction.Deny, 1, 0), (row.Ingress[1].Action, row.Ingress[1].Peers.Count, row.Ingress[1].Ports.Count));
    }

    [Theory]
    [InlineData("\"everything\"", 1)]
    [InlineData("[ \"everything\" ]", 1)]
    [InlineData("""[ { "action": "Allow", "from": [ { "namespaces": {} } ] } ]""", 1)]
    [InlineData("""[ { "from": [ { "namespaces": {} } ] } ]""", 1)]
    [InlineData("null", 0)]
    [InlineData("[]", 0)]
    public void A_rule_that_is_not_understood_denies_everybody(string ingress, int rules)
    {
        var row = Read($$"""{{Head}} "ingress": {{ingress}}""");
        Assert.Equal((rules, rules), (row.Ingress.Count, row.Faults.Count));
        Assert.All(row.Ingress, rule => Assert.Equal((PolicyAction.Deny, 2), (rule.Action, rule.Peers.Count)));
    }

    [Theory]
    [InlineData(""" "priority": 7, "subject": { "namespaces": {} } """, "spec.tier")]
    [InlineData(""" "tier": "Middle", "priority": 7, "subject": { "namespaces": {} } """, "spec.tier")]
    [InlineData(""" "tier": "Baseline", "priority": 1001, "subject": { "namespaces": {} } """, "spec.priority")]
    [InlineData(""" "tier": "Baseline", "priority": "7", "subject": { "namespaces": {} } """, "spec.priority")]
    [InlineData(""" "tier": "Baseline", "priority": 7 """, "spec.subject")]
    [InlineData(""" "tier": "Baseline", "priority": 7, "subject": { "namespaces": "all" } """, "spec.subject.namespaces")]
    public void Of_a_policy_for_nobody_knows_whom_only_what_it_denies_is_left_and_that_for_every_pod(string head, string field)
    {
        var row = Read($$"""
            {{head}}, "egress": [ { "action": "Accept", "to": [ { "namespaces": {} } ] }, { "action": "Pass", "to": [ { "nodes": {} } ] } ]
            """);
        Assert.StartsWith($"{field}: ", Assert.Single(row.Faults), StringComparison.Ordinal);
        Assert.Equal((PolicyTier.Admin, 0), (row.Tier, row.Priority));
        Assert.Equal((PolicyAction.Accept, 0), (row.Egress[0].Action, row.Egress[0].Peers.Count));
        Assert.Equal((PolicyAction.Deny, 1), (row.Egress[1].Action, row.Egress[1].Peers.Count));
    }

    /// <summary>Whatever is put in the place of whatever part, the document is read, and if it is read as something else than it was, that is told.</summary>
    [Fact]
    public void No_document_makes_the_reader_throw_or_accept_what_it_does_not_understand()
    {
        const string Whole = """
            { "metadata": { "name": "cnp" }, "spec": { "tier": "Admin", "priority": 7, "subject": { "pods": { "podSelector": { "matchLabels": { "a": "b" } } } },
              "ingress": [ { "action": "Accept", "from": [ { "namespaces": { "matchLabels": { "a": "b" } } } ], "protocols": [ { "tcp": { "destinationPort": { "number": 80 } } } ] } ],
              "egress": [ { "action": "Pass", "to": [ { "networks": [ "10.0.0.0/8" ] } ] } ] } }
            """;
        Gen.Select(Gen.Int[0, 10_000], Gen.OneOf("null", "0", "-1", "\"\"", "\"x\"", "[]", "{}", "[null]", "[{}]", "true", "1.5", "99999999999")).Sample((place, value) =>
        {
            var document = (JsonObject)JsonNode.Parse(Whole)!;
            var places = Places(document["spec"]!).ToList();
            places[place % places.Count](JsonNode.Parse(value));
            var row = ClusterPolicyReader.Read(document);
            var accepted = row.Ingress.Where(rule => rule.Action == PolicyAction.Accept && rule.Peers.Count > 0).ToList();
            if (row.Faults.Any(fault => !fault.StartsWith("spec.egress", StringComparison.Ordinal)))
            {
                Assert.Empty(accepted);
            }
        });
    }

    private static IEnumerable<Action<JsonNode?>> Places(JsonNode node)
    {
        foreach (var key in node is JsonObject obj ? obj.Select(pair => pair.Key).ToList() : [])
        {
            yield return value => node[key] = value;
            foreach (var inner in node[key] is { } child ? Places(child) : [])
            {
                yield return inner;
            }
        }

        for (var i = 0; node is JsonArray array && i < array.Count; i++)
        {
            var index = i;
            yield return value => array[index] = value;
            foreach (var inner in array[i] is { } child ? Places(child) : [])
            {
                yield return inner;
            }
        }
    }

    private static PolicyPeer Network(string range) => new(null, null, new IpBlock(IpNet.Parse(range), default));

    private static ClusterPolicyRow Read(string spec) =>
        ClusterPolicyReader.Read((JsonObject)JsonNode.Parse($$"""{ "metadata": { "name": "cnp" }, "spec": { {{spec}} } }""")!);
}
