using System.Text.Json.Nodes;
using CsCheck;
using Fairlead.ControlPlane.Allocation;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Kube.Schema;
using Fairlead.Linux.Addresses;
using Fairlead.Tests.Schema;

namespace Fairlead.Tests.Kinds;

/// <summary>Whatever a client sends is answered: no document makes decoding, defaulting, validation or printing throw.</summary>
public sealed class RobustnessTests
{
    private static readonly string[] Values =
    [
        "null", "0", "-1", "70000", "99999999999", "1.5", "\"\"", "\"x\"", "\"None\"", "\"10.0.0.1\"", "\"1Gi\"", "\"LoadBalancer\"", "\"ExternalName\"", "\"Local\"",
        "true", "false", "[]", "{}", "[null]", "[\"a\",\"a\"]", "[{}]", "{\"a\":null}", "{\"a\":\"b\"}", "[{\"name\":\"a\"},{\"name\":\"a\"}]",
    ];

    private static readonly string[] Documents =
    [
        Manifests.Deployment, Manifests.LoadBalancer, Manifests.Policy, Manifests.Ingress,
        """{"apiVersion":"v1","kind":"Pod","spec":{"containers":[{"name":"a","image":"b"}]},"status":{"phase":"Running","containerStatuses":[{"name":"a","state":{"running":{}}}]}}""",
        """{"apiVersion":"v1","kind":"Node","metadata":{"labels":{"a":"b"}},"spec":{"podCIDRs":["10.0.0.0/24"],"taints":[{"key":"a","effect":"NoSchedule"}]},"status":{"addresses":[{"type":"InternalIP","address":"10.0.0.1"}]}}""",
        """{"apiVersion":"v1","kind":"Endpoints","subsets":[{"addresses":[{"ip":"10.0.0.1"}],"ports":[{"port":80}]}]}""",
        """{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4","endpoints":[{"addresses":["10.0.0.1"],"conditions":{"ready":true}}],"ports":[{"name":"a","port":80}]}""",
        """{"apiVersion":"v1","kind":"Secret","type":"kubernetes.io/tls","data":{"tls.crt":"YQ=="},"stringData":{"a":"b"}}""",
        """{"apiVersion":"v1","kind":"ConfigMap","data":{"a":"b"},"binaryData":{"c":"YQ=="}}""",
        """{"apiVersion":"v1","kind":"Namespace","spec":{"finalizers":["kubernetes"]},"status":{"phase":"Active"}}""",
        """{"apiVersion":"v1","kind":"Event","involvedObject":{"kind":"Pod","name":"a"},"series":{"count":2},"source":{"component":"a"}}""",
        """{"apiVersion":"events.k8s.io/v1","kind":"Event","regarding":{"kind":"Pod","name":"a"},"eventTime":"2026-01-02T03:04:05.000000Z","reason":"a"}""",
        """{"apiVersion":"networking.k8s.io/v1","kind":"IngressClass","spec":{"controller":"a.b/c","parameters":{"kind":"a","name":"b"}}}""",
        """{"apiVersion":"networking.k8s.io/v1","kind":"ServiceCIDR","spec":{"cidrs":["10.0.0.0/24","fd00::/64"]}}""",
        """{"apiVersion":"networking.k8s.io/v1","kind":"IPAddress","spec":{"parentRef":{"resource":"services","name":"a"}}}""",
        """{"apiVersion":"policy.networking.k8s.io/v1alpha2","kind":"ClusterNetworkPolicy","spec":{"tier":"Admin","priority":1,"subject":{"namespaces":{}},"egress":[{"action":"Deny","to":[{"networks":["10.0.0.0/8"]}],"protocols":[{"tcp":{"destinationPort":{"range":{"start":1,"end":2}}}}]}]},"status":{"conditions":[]}}""",
        """{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","spec":{"holderIdentity":"a","leaseDurationSeconds":1}}""",
    ];

    [Fact]
    public void No_document_makes_the_rules_throw() =>
        Gen.Select(Gen.OneOf(Documents), Gen.Select(Gen.Int[0, 10_000], Gen.OneOf(Values)).List[1, 3], Gen.OneOf("", "status"))
            .Sample((text, mutations, subresource) => Write(text, mutations, subresource), iter: 3000);

    private static void Write(string text, List<(int Place, string Value)> mutations, string subresource)
    {
        var old = KindHarness.Parse(text);
        var kind = KindHarness.KindOf(old);
        Run(kind, old, null, "");
        var changed = old.DeepClone().AsObject();
        foreach (var (place, value) in mutations)
        {
            Mutate(changed, place, value);
        }

        Run(kind, changed.DeepClone().AsObject(), null, "");
        Run(kind, changed, old, subresource);
    }

    private static void Run(KindDefinition kind, JsonObject obj, JsonObject? old, string subresource)
    {
        if (DocumentDecoder.Decode(SchemaCatalog.Default.Find(kind.Type)!, obj).TypeError is not null)
        {
            return;
        }

        var context = new WriteContext { Now = KindHarness.Now, Subresource = subresource };
        kind.Default(obj);
        kind.Prepare(obj, old, context);
        var errors = new FieldErrors();
        using var reservation = kind is ServiceKind ? Allocation().Prepare(obj, old, context, errors) : null;
        errors.AddRange(kind.Validate(obj, old, context));
        _ = errors.Describe();
        Assert.Equal(kind.Columns.Count, kind.Row(obj, KindHarness.Now).Count);
        _ = kind.Warnings(obj, old).ToArray();
        foreach (var read in kind.FieldSelectors.Values)
        {
            Assert.NotNull(read(obj));
        }
    }

    private static ServiceAllocation Allocation() => new(new ClusterRanges { Services = [IpNet.Parse("10.96.0.0/16"), IpNet.Parse("fd00::/112")] });

    private static void Mutate(JsonObject root, int place, string value)
    {
        var places = new List<Action>();
        Collect(root, places, value);
        places[place % places.Count]();
    }

    private static void Collect(JsonNode? node, List<Action> places, string value)
    {
        if (node is JsonObject obj)
        {
            foreach (var (name, child) in obj.ToArray())
            {
                if (name is not ("apiVersion" or "kind"))
                {
                    places.Add(() => obj[name] = JsonNode.Parse(value));
                    Collect(child, places, value);
                }
            }
        }
        else if (node is JsonArray list)
        {
            for (var index = 0; index < list.Count; index++)
            {
                var at = index;
                places.Add(() => list[at] = JsonNode.Parse(value));
                Collect(list[index], places, value);
            }
        }
    }
}
