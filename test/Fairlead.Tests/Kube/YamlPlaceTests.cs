using Fairlead.Kube.Yaml;

namespace Fairlead.Tests.Kube;

public sealed class YamlPlaceTests
{
    private const string Policies = """
        # two policies
        kind: NetworkPolicy
        spec:
          podSelector: {matchLabels: {app.kubernetes.io/name: api,
            tier: back}}
          ingress:
          # a comment in between
          - from:
            - podSelector: &web
                matchLabels: {app: web}
            - namespaceSelector: {}
              podSelector: *web
            ports: [{port: 80}, {port: 81,
              protocol: UDP}]
        ---
        base: &base
          one: 1
          two: 2
        spec:
          <<: *base
          two: 3
          text: |
            two
            lines
          after:
        """;

    [Theory]
    [InlineData("kind", "2:1")]
    [InlineData("spec", "3:1")]
    [InlineData("spec.podSelector.matchLabels", "4:17")]
    [InlineData("spec.podSelector.matchLabels.app.kubernetes.io/name", "4:31")]
    [InlineData("spec.podSelector.matchLabels[app.kubernetes.io/name]", "4:31")]
    [InlineData("spec.podSelector.matchLabels.tier", "5:5")]
    [InlineData("spec.ingress", "6:3")]
    [InlineData("spec.ingress[0]", "8:5")]
    [InlineData("spec.ingress[0].from", "8:5")]
    [InlineData("spec.ingress[0].from[0]", "9:7")]
    [InlineData("spec.ingress[0].from[1]", "11:7")]
    [InlineData("spec.ingress[0].from[1].podSelector", "12:7")]
    [InlineData("spec.ingress[0].from[1].podSelector.matchLabels.app", "10:23")]
    [InlineData("spec.ingress[0].ports[1]", "13:25")]
    [InlineData("spec.ingress[0].ports[1].protocol", "14:7")]
    [InlineData("spec.ingress[0].ports[1].endPort", "13:25")]
    [InlineData("spec.ingress[7].from", "6:3")]
    [InlineData("spec.egress[0]", "3:1")]
    [InlineData("", "2:1")]
    public void A_field_is_where_it_is_written(string path, string place) => Assert.Equal(place, $"{Read(0).Find(path)}");

    [Theory]
    [InlineData("spec", "19:1")]
    [InlineData("spec.one", "17:3")]
    [InlineData("spec.two", "21:3")]
    [InlineData("spec.text", "22:3")]
    [InlineData("spec.after", "25:3")]
    public void Later_documents_and_merged_keys_have_the_lines_of_the_whole_text(string path, string place) => Assert.Equal(place, $"{Read(1).Find(path)}");

    [Fact]
    public void Json_has_places_too() =>
        Assert.Equal("2:11", $"{YamlReader.ReadAllPlaced(new StringReader("{\n \"spec\": {\"ports\": [1, 2]}}"))[0].Place.Find("spec.ports")}");

    [Fact]
    public void What_is_read_is_the_same_with_and_without_places() =>
        Assert.Equal(
            YamlReader.ReadAll(new StringReader(Policies)).Select(document => document.ToJsonString()),
            YamlReader.ReadAllPlaced(new StringReader(Policies)).Select(one => one.Document.ToJsonString()));

    private static YamlPlace Read(int document) => YamlReader.ReadAllPlaced(new StringReader(Policies))[document].Place;
}
