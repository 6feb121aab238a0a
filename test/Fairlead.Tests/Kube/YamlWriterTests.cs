using System.Text.Json.Nodes;
using CsCheck;
using Fairlead.Kube.Yaml;

namespace Fairlead.Tests.Kube;

public sealed class YamlWriterTests
{
    private static readonly string[] Traps =
        ["", "true", "no", "~", "null", "1", "0x1f", "1e3", "- a", "a: b", "a #b", "#", "'", "\"", "a\nb", "ü", "*", "&a", "!t", "key:", " a", "a ", "%", "@", "[a]", "{a", "?", "|", ">", "1.5", "2001-01-01", ".5", "<<", "j *H", "a &b", "a - b"];

    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.Int[0, Traps.Length - 1].Select(i => Traps[i]),
        Gen.String[Gen.Char['\u0020', '\u007e'], 0, 8]);

    private static readonly Gen<JsonNode?> Node = Gen.Recursive<JsonNode?>((depth, again) => depth > 3
        ? Text.Select(text => (JsonNode?)JsonValue.Create(text))
        : Gen.OneOf(
            Text.Select(text => (JsonNode?)JsonValue.Create(text)),
            Gen.Int[-5, 5].Select(number => (JsonNode?)JsonValue.Create(number)),
            Gen.Bool.Select(flag => (JsonNode?)JsonValue.Create(flag)),
            again.List[0, 3].Select(items => (JsonNode?)new JsonArray([.. items.Select(item => item?.DeepClone())])),
            Gen.Select(Text, again).List[0, 3].Select(pairs => (JsonNode?)new JsonObject(pairs.DistinctBy(pair => pair.Item1).Select(pair => KeyValuePair.Create(pair.Item1, pair.Item2?.DeepClone()))))));

    [Fact]
    public void What_is_written_reads_back_as_the_same_document() => Node.Sample(
        node =>
        {
            var text = string.Join('\n', YamlWriter.Lines(node)) + "\n";
            var read = Assert.Single(YamlReader.ReadAll(new StringReader(text)));
            Assert.True(JsonNode.DeepEquals(node, read), $"{node?.ToJsonString()} was written as\n{text}and read as {read.ToJsonString()}");
        },
        iter: 10000);

    [Fact]
    public void It_looks_as_people_write_it()
    {
        var node = JsonNode.Parse("""{"from":[{"podSelector":{"matchLabels":{"app":"web"}}},{"ipBlock":{"cidr":"10.0.0.0/8","except":[]}}],"ports":[],"port":"80"}""");

        Assert.Equal(
            """
            from:
            - podSelector:
                matchLabels:
                  app: web
            - ipBlock:
                cidr: 10.0.0.0/8
                except: []
            ports: []
            port: "80"
            """,
            string.Join('\n', YamlWriter.Lines(node)));
    }
}
