using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Reflectors;

namespace Fairlead.Tests.Kube;

/// <summary>Rows of one reader hold one object for each name of a node, a zone or a namespace, however many documents say it.</summary>
public sealed class SharedTextsTests
{
    [Fact]
    public void Slices_share_the_names_that_all_of_them_say()
    {
        var texts = new SharedTexts();
        var (one, other) = (EndpointSliceReader.Read(Slice("a"), texts), EndpointSliceReader.Read(Slice("b"), texts));
        Assert.Same(one.Key.Namespace, other.Key.Namespace);
        Assert.Same(one.Key.Namespace, other.Endpoints[0].Pod.Namespace);
        Assert.Same(one.Endpoints[0].NodeName, other.Endpoints[1].NodeName);
        Assert.Same(one.Endpoints[0].Zone, other.Endpoints[1].Zone);
        Assert.Equal("b-1", other.Endpoints[1].Pod.Name);
    }

    [Fact]
    public void Names_of_the_past_are_not_held_for_ever()
    {
        var texts = new SharedTexts();
        var first = texts.Of("node".Insert(4, "-1"));
        Assert.Same(first, texts.Of("node".Insert(4, "-1")));
        for (var i = 0; i < 10_000; i++)
        {
            texts.Of(i.ToString(CultureInfo.InvariantCulture));
        }

        Assert.NotSame(first, texts.Of("node".Insert(4, "-1")));
    }

    private static JsonObject Slice(string name) => JsonNode.Parse(
        $$"""
        {"metadata":{"namespace":"shop","name":"{{name}}","labels":{"kubernetes.io/service-name":"{{name}}"} },"addressType":"IPv4","ports":[{"port":80}],"endpoints":[
        {"addresses":["10.1.0.1"],"nodeName":"n1","zone":"z1","targetRef":{"kind":"Pod","namespace":"shop","name":"{{name}}-0"} },
        {"addresses":["10.1.0.2"],"nodeName":"n1","zone":"z1","targetRef":{"kind":"Pod","namespace":"shop","name":"{{name}}-1"} }]}
        """)!.AsObject();
}
