using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;
using Fairlead.Kube.Selectors;

namespace Fairlead.Tests.Kube;

public sealed class JsonFieldsTests
{
    private static readonly JsonNode Document = JsonNode.Parse("""
        { "text": "a", "empty": "", "number": 7, "half": 0.5, "yes": true, "list": [ "", "b", 3, null, {} ], "map": { "k": "v", "n": 1 }, "deep": { "er": { "port": "http" } } }
        """)!;

    [Fact]
    public void What_is_missing_or_of_another_type_is_not_there()
    {
        Assert.Equal("", Document.Text("number"));
        Assert.Equal("", Document.Text("text", "below"));
        Assert.Null(Document.Number("text"));
        Assert.Null(Document.Number("half"));
        Assert.False(Document.Flag("text"));
        Assert.Null(Document.Object("list"));
        Assert.Empty(Document.Texts("map"));
        Assert.Empty(Document.Labels("text"));
        Assert.Equal("", ((JsonNode?)null).Text("text"));
    }

    [Fact]
    public void What_is_there_is_read_and_a_fallback_stands_for_what_is_not()
    {
        Assert.Equal("http", Document.Text("deep", "er", "port"));
        Assert.Equal(("a", "x", "x"), (Document.TextOr("x", "text"), Document.TextOr("x", "empty"), Document.TextOr("x", "none")));
        Assert.Equal(("7", "a", ""), (Document.IntOrText("number"), Document.IntOrText("text"), Document.IntOrText("half")));
        Assert.Equal((7L, 7, 3), (Document.Number("number"), Document.Number(3, "number"), Document.Number(3, "none")));
        Assert.True(Document.Flag("yes"));
        Assert.True(Document.Flag(true, "none"));
        Assert.Equal(["", "b"], Document.Texts("list"));
        Assert.Equal("v", Assert.Single(Document.Map("map")).Value);
        Assert.Single(Document.Objects("list"));
    }

    [Theory]
    [InlineData("""{ "matchLabels": { "app": 5 } }""")]
    [InlineData("""{ "matchLabels": [] }""")]
    [InlineData("""{ "matchExpressions": {} }""")]
    [InlineData("""{ "matchExpressions": [ "app" ] }""")]
    [InlineData("""{ "matchExpressions": [ { "key": "app", "operator": "0" } ] }""")]
    [InlineData("""{ "matchExpressions": [ { "key": "app", "operator": "NotIn", "values": [ 5 ] } ] }""")]
    public void A_selector_that_cannot_be_understood_is_refused_whole(string selector) =>
        Assert.Throws<FormatException>(() => LabelSelectorReader.Read((JsonObject)JsonNode.Parse(selector)!));

    [Fact]
    public void A_selector_takes_a_label_whose_value_is_empty()
    {
        var selector = LabelSelectorReader.Read((JsonObject)JsonNode.Parse("""{ "matchExpressions": [ { "key": "app", "operator": "In", "values": [ "" ] } ] }""")!);
        Assert.True(selector.Matches(Labels.From([KeyValuePair.Create("app", "")])));
        Assert.False(selector.Matches(Labels.Empty));
    }
}
