using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Patch;
using Fairlead.Kube.Schema;

namespace Fairlead.Tests.Kube;

public sealed class PatchTests
{
    /// <summary>RFC 7386, appendix A.</summary>
    [Theory]
    [InlineData("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"b":"c"}""", """{"a":"b","b":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"a":null}""", "{}")]
    [InlineData("""{"a":"b","b":"c"}""", """{"a":null}""", """{"b":"c"}""")]
    [InlineData("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"c"}""", """{"a":["b"]}""", """{"a":["b"]}""")]
    [InlineData("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}""")]
    [InlineData("""{"a":[{"b":"c"}]}""", """{"a":[1]}""", """{"a":[1]}""")]
    [InlineData("""["a","b"]""", """["c","d"]""", """["c","d"]""")]
    [InlineData("""{"a":"b"}""", """["c"]""", """["c"]""")]
    [InlineData("""{"e":null}""", """{"a":1}""", """{"e":null,"a":1}""")]
    [InlineData("""[1,2]""", """{"a":"b","c":null}""", """{"a":"b"}""")]
    [InlineData("{}", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}""")]
    public void A_merge_patch_does_what_the_RFC_shows(string target, string patch, string expected) =>
        AssertSame(expected, MergePatch.Apply(JsonNode.Parse(target), JsonNode.Parse(patch)));

    [Fact]
    public void Copies_and_moves_of_a_JSON_patch_are_bounded_and_it_nests_no_deeper_than_a_document_may()
    {
        var target = JsonNode.Parse("""{"a":{"b":"c"}}""");
        Assert.Contains("3 MiB", Fails(Many(40, i => $$"""{"op":"copy","from":"/a","path":"/a/x{{i}}"}""")), StringComparison.Ordinal);
        Assert.Contains("deeper", Fails(Many(100, i => """{"op":"copy","from":"/a","path":"/a/b"}""")), StringComparison.Ordinal);
        Assert.Contains("deeper", Fails($$"""[{"op":"add","path":"/a/b","value":{{new string('[', 47)}}{{new string(']', 47)}}}]"""), StringComparison.Ordinal);
        JsonPatch.Apply(target, JsonNode.Parse(Many(1000, i => """{"op":"copy","from":"/a/b","path":"/a/x"}"""))!);

        string Fails(string patch) => Assert.Throws<PatchException>(() => JsonPatch.Apply(target, JsonNode.Parse(patch)!)).Message;

        static string Many(int count, Func<int, string> operation) => $"[{string.Join(',', Enumerable.Range(0, count).Select(operation))}]";
    }

    /// <summary>RFC 6902, appendix A.</summary>
    [Theory]
    [InlineData("""{"foo":"bar"}""", """[{"op":"add","path":"/baz","value":"qux"}]""", """{"baz":"qux","foo":"bar"}""")]
    [InlineData("""{"foo":["bar","baz"]}""", """[{"op":"add","path":"/foo/1","value":"qux"}]""", """{"foo":["bar","qux","baz"]}""")]
    [InlineData("""{"baz":"qux","foo":"bar"}""", """[{"op":"remove","path":"/baz"}]""", """{"foo":"bar"}""")]
    [InlineData("""{"foo":["bar","qux","baz"]}""", """[{"op":"remove","path":"/foo/1"}]""", """{"foo":["bar","baz"]}""")]
    [InlineData("""{"baz":"qux","foo":"bar"}""", """[{"op":"replace","path":"/baz","value":"boo"}]""", """{"baz":"boo","foo":"bar"}""")]
    [InlineData("""{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}""", """[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]""", """{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}""")]
    [InlineData("""{"foo":["all","grass","cows","eat"]}""", """[{"op":"move","from":"/foo/1","path":"/foo/3"}]""", """{"foo":["all","cows","eat","grass"]}""")]
    [InlineData("""{"baz":"qux"}""", """[{"op":"test","path":"/baz","value":"qux"}]""", """{"baz":"qux"}""")]
    [InlineData("""{"foo":"bar"}""", """[{"op":"add","path":"/child","value":{"grandchild":{}}}]""", """{"foo":"bar","child":{"grandchild":{}}}""")]
    [InlineData("""{"/":9,"~1":10}""", """[{"op":"test","path":"/~01","value":10}]""", """{"/":9,"~1":10}""")]
    [InlineData("""{"foo":["bar"]}""", """[{"op":"add","path":"/foo/-","value":["abc","def"]}]""", """{"foo":["bar",["abc","def"]]}""")]
    [InlineData("""{"a":1}""", """[{"op":"replace","path":"","value":{"b":2}}]""", """{"b":2}""")]
    [InlineData("""{"a":{"b":1}}""", """[{"op":"copy","from":"/a","path":"/c"}]""", """{"a":{"b":1},"c":{"b":1}}""")]
    public void A_JSON_patch_does_what_the_RFC_shows(string target, string patch, string expected) =>
        AssertSame(expected, JsonPatch.Apply(JsonNode.Parse(target), JsonNode.Parse(patch)!));

    [Theory]
    [InlineData("""[{"op":"add","path":"/baz/bat","value":"qux"}]""", true)]
    [InlineData("""[{"op":"remove","path":"/nothing"}]""", true)]
    [InlineData("""[{"op":"test","path":"/foo","value":"no"}]""", true)]
    [InlineData("""[{"op":"remove","path":"/list/01"}]""", true)]
    [InlineData("""[{"op":"add","path":"/list/3","value":1}]""", true)]
    [InlineData("""[{"op":"move","from":"/o","path":"/o/p"}]""", true)]
    [InlineData("""[{"op":"add","path":"foo","value":1}]""", false)]
    [InlineData("""[{"op":"add","path":"/foo"}]""", false)]
    [InlineData("""[{"op":"spin","path":"/foo"}]""", false)]
    [InlineData("""{"op":"add"}""", false)]
    public void A_JSON_patch_that_cannot_be_applied_is_refused_and_told_apart(string patch, bool misfit)
    {
        var target = JsonNode.Parse("""{"foo":"bar","list":[1],"o":{}}""");
        Assert.Equal(misfit, Assert.Throws<PatchException>(() => JsonPatch.Apply(target, JsonNode.Parse(patch)!)).Misfit);
        AssertSame("""{"foo":"bar","list":[1],"o":{}}""", target);
    }

    [Theory]
    [InlineData("""{"spec":{"containers":[{"name":"b","image":"new"}]}}""", """{"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"new"}]}}""")]
    [InlineData("""{"spec":{"containers":[{"name":"c","image":"3"}]}}""", """{"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"2"},{"name":"c","image":"3"}]}}""")]
    [InlineData("""{"spec":{"containers":[{"$patch":"delete","name":"a"}]}}""", """{"spec":{"containers":[{"name":"b","image":"2"}]}}""")]
    [InlineData("""{"spec":{"containers":[{"$patch":"replace"},{"name":"z","image":"9"}]}}""", """{"spec":{"containers":[{"name":"z","image":"9"}]}}""")]
    [InlineData("""{"spec":{"$patch":"replace","nodeName":"n"}}""", """{"spec":{"nodeName":"n"}}""")]
    [InlineData("""{"spec":{"$patch":"delete"}}""", "{}")]
    [InlineData("""{"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}}""", """{"spec":{"containers":[{"name":"b","image":"2"},{"name":"a","image":"1"}]}}""")]
    [InlineData("""{"spec":{"$setElementOrder/containers":[{"name":"c"},{"name":"b"}],"containers":[{"name":"c","image":"3"}]}}""", """{"spec":{"containers":[{"name":"c","image":"3"},{"name":"a","image":"1"},{"name":"b","image":"2"}]}}""")]
    [InlineData("""{"spec":{"containers":[{"name":"a","image":null,"args":["x"]}]}}""", """{"spec":{"containers":[{"name":"a","args":["x"]},{"name":"b","image":"2"}]}}""")]
    [InlineData("""{"metadata":{"finalizers":["x","y"]}}""", """{"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"2"}]},"metadata":{"finalizers":["x","y"]}}""")]
    public void A_strategic_patch_merges_lists_by_key_and_follows_directives(string patch, string expected)
    {
        var pod = JsonNode.Parse("""{"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"2"}]}}""")!.AsObject();
        AssertSame(expected, StrategicMergePatch.Apply(pod, JsonNode.Parse(patch)!, SchemaCatalog.Default.Find(ResourceTypes.Pods)!));
    }

    [Fact]
    public void A_strategic_patch_adds_to_and_deletes_from_sets()
    {
        var keys = SchemaCatalog.Default.Find(ResourceTypes.Pods)!;
        var pod = JsonNode.Parse("""{"metadata":{"finalizers":["a","b","c"]}}""")!.AsObject();
        AssertSame(
            """{"metadata":{"finalizers":["c","a","d"]}}""",
            StrategicMergePatch.Apply(
                pod,
                JsonNode.Parse("""{"metadata":{"$deleteFromPrimitiveList/finalizers":["b"],"finalizers":["d"],"$setElementOrder/finalizers":["c","a","d"]}}""")!,
                keys));
    }

    [Fact]
    public void Retained_keys_are_all_that_stays()
    {
        var keys = SchemaCatalog.Default.Find(ResourceTypes.Deployments)!;
        var deployment = JsonNode.Parse("""{"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{"maxSurge":1}}}}""")!.AsObject();
        AssertSame(
            """{"spec":{"strategy":{"type":"Recreate"}}}""",
            StrategicMergePatch.Apply(deployment, JsonNode.Parse("""{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}}""")!, keys));
    }

    [Theory]
    [InlineData("""{"spec":{"$patch":"explode"}}""")]
    [InlineData("""{"spec":{"containers":[{"image":"no-name"}]}}""")]
    [InlineData("""{"spec":{"containers":["text"]}}""")]
    [InlineData("""{"spec":{"$setElementOrder/containers":"text"}}""")]
    [InlineData("""[1]""")]
    public void A_malformed_strategic_patch_is_refused(string patch)
    {
        var pod = JsonNode.Parse("""{"spec":{"containers":[{"name":"a"}]}}""")!.AsObject();
        Assert.Throws<PatchException>(() => StrategicMergePatch.Apply(pod, JsonNode.Parse(patch)!, SchemaCatalog.Default.Find(ResourceTypes.Pods)!));
    }

    private static void AssertSame(string expected, JsonNode? actual) =>
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), $"expected {expected}, got {actual?.ToJsonString()}");
}
