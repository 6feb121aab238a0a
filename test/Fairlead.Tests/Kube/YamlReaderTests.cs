using System.Text.Json.Nodes;
using Fairlead.Kube.Yaml;

namespace Fairlead.Tests.Kube;

public sealed class YamlReaderTests
{
    [Theory]
    [InlineData("a: 1", """{"a":1}""")]
    [InlineData("a: \"1\"", """{"a":"1"}""")]
    [InlineData("a: true\nb: 'true'\nc: yes", """{"a":true,"b":"true","c":"yes"}""")]
    [InlineData("a: ~\nb:\nc: null", """{"a":null,"b":null,"c":null}""")]
    [InlineData("mode: 0644\nhex: 0x10\nreal: 1.5\nexp: 1e3\nneg: -7", """{"mode":420,"hex":16,"real":1.5,"exp":1000,"neg":-7}""")]
    [InlineData("ip: 10.96.0.10\nv: 1.2.3\ncidr: 10.0.0.0/8\ndate: 2026-11-24\nplus: +x", """{"ip":"10.96.0.10","v":"1.2.3","cidr":"10.0.0.0/8","date":"2026-11-24","plus":"+x"}""")]
    [InlineData("80: x", """{"80":"x"}""")]
    [InlineData("a: &x [1, 2]\nb: *x", """{"a":[1,2],"b":[1,2]}""")]
    [InlineData("base: &b {x: 1, y: 2}\nc:\n  <<: *b\n  y: 3", """{"base":{"x":1,"y":2},"c":{"x":1,"y":3}}""")]
    [InlineData("s: |\n  one\n  two\n", """{"s":"one\ntwo\n"}""")]
    [InlineData("""{"a":[{"b":"c"}]}""", """{"a":[{"b":"c"}]}""")]
    public void Scalars_and_collections_become_what_kubectl_makes_of_them(string yaml, string json)
    {
        var read = Assert.Single(YamlReader.ReadAll(new StringReader(yaml)));

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json), read), read.ToJsonString());
    }

    [Fact]
    public void Several_documents_are_read_in_order_and_empty_ones_left_out()
    {
        var documents = YamlReader.ReadAll(new StringReader("---\na: 1\n---\n# nothing\n---\nb: 2\n"));

        Assert.Equal(["""{"a":1}""", """{"b":2}"""], documents.Select(document => document.ToJsonString()));
    }

    [Theory]
    [InlineData("a: 1\na: 2", "line 2, column 1: key \"a\" is given twice")]
    [InlineData("a: *missing", "unknown anchor")]
    [InlineData("a: [1", "line ")]
    [InlineData("a:\n\t- b", "line ")]
    public void What_is_wrong_is_named_with_its_line(string yaml, string reason)
    {
        Assert.Contains(reason, Assert.Throws<FormatException>(() => YamlReader.ReadAll(new StringReader(yaml))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Aliases_cannot_blow_a_small_file_up()
    {
        var lines = new List<string> { "a0: &a0 [x,x,x,x,x,x,x,x,x,x]" };
        for (var i = 1; i < 12; i++)
        {
            lines.Add($"a{i}: &a{i} [{string.Join(',', Enumerable.Repeat($"*a{i - 1}", 10))}]");
        }

        Assert.Contains("too large", Assert.Throws<FormatException>(() => YamlReader.ReadAll(new StringReader(string.Join('\n', lines)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Depth_is_bounded()
    {
        Assert.Contains("too deeply", Assert.Throws<FormatException>(() => YamlReader.ReadAll(new StringReader(new string('[', 5000)))).Message, StringComparison.Ordinal);
    }
}
