using Fairlead.Kube.Kubeconfig;

namespace Fairlead.Tests.Kube;

public sealed class KubeconfigTests
{
    private const string Kubectl = """
        apiVersion: v1
        # the office cluster
        clusters:
        - cluster:
            server: https://10.0.0.1:6443   # do not touch
          name: office
        contexts:
        - context:
            cluster: office
            user: me
          name: office
        current-context: office
        kind: Config
        preferences: {}
        users:
        - name: me
          user:
            token: "abc"

        """;

    private static readonly KubeconfigEntry Entry = new("fairlead", "https://127.0.0.1:6443", "CA", "CERT", "KEY");

    public static TheoryData<string> Files => new(
        Kubectl,
        Kubectl.TrimEnd(),
        "clusters:\n  - name: a\n    cluster: {server: 'https://x'}\ncontexts:\n  -\n    name: a\n    context: {cluster: a, user: a}\nusers:\n  - {name: a, user: {}}\ncurrent-context: a\n",
        "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\ncurrent-context: \"\"\n",
        """{"kind":"Config","apiVersion":"v1","clusters":[{"name":"a","cluster":{"server":"https://x"}}],"contexts":[{"name":"a","context":{"cluster":"a","user":"a"}}],"users":[{"name":"a","user":{}}],"current-context":"a"}""");

    [Fact]
    public void Another_context_than_the_current_one_is_read_by_its_name()
    {
        const string Two = """
            clusters: [{name: a, cluster: {server: 'https://a:1'}}, {name: b, cluster: {server: 'https://b:2'}}]
            contexts: [{name: at-a, context: {cluster: a, user: me}}, {name: at-b, context: {cluster: b, user: me}}]
            users: [{name: me, user: {token: abc}}]
            current-context: at-a
            """;

        Assert.Equal("a", KubeconfigReader.Parse(Two, "/nowhere").Server.Host);
        Assert.Equal("b", KubeconfigReader.Parse(Two, "/nowhere", "at-b").Server.Host);
        Assert.Throws<FormatException>(() => KubeconfigReader.Parse(Two, "/nowhere", "at-c"));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Merging_and_removing_leaves_every_byte_as_it_was(string before)
    {
        var merged = KubeconfigText.Merge(before, Entry, makeCurrent: true);
        Assert.Equal("fairlead", KubeconfigText.CurrentContext(merged));

        var after = KubeconfigText.Remove(merged, "fairlead", KubeconfigText.CurrentContext(before));

        Assert.Equal(before.TrimEnd('\n'), after.TrimEnd('\n'));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Merging_twice_is_merging_once(string before)
    {
        var once = KubeconfigText.Merge(before, Entry, makeCurrent: true);

        Assert.Equal(once, KubeconfigText.Merge(once, Entry, makeCurrent: true));
    }

    [Fact]
    public void Another_current_context_chosen_meanwhile_stays()
    {
        var merged = KubeconfigText.Merge(Kubectl, Entry, makeCurrent: true);
        var chosen = merged.Replace("current-context: fairlead", "current-context: office", StringComparison.Ordinal);

        Assert.Equal("office", KubeconfigText.CurrentContext(KubeconfigText.Remove(chosen, "fairlead", restore: "")));
    }

    [Fact]
    public void Without_switch_the_current_context_stays()
    {
        Assert.Equal("office", KubeconfigText.CurrentContext(KubeconfigText.Merge(Kubectl, Entry, makeCurrent: false)));
    }

    [Fact]
    public void A_new_file_holds_the_entry_alone_and_is_empty_after_its_removal()
    {
        var text = Entry.ToDocument();

        Assert.False(KubeconfigText.IsEmpty(text));
        Assert.True(KubeconfigText.IsEmpty(KubeconfigText.Remove(text, "fairlead", "")));
    }

    [Theory]
    [InlineData("a: [", "line ")]
    [InlineData("- a\n- b\n", "no mapping")]
    [InlineData("clusters: &x []\n", "anchors")]
    public void What_is_no_kubeconfig_is_refused_and_named(string text, string reason)
    {
        var error = Assert.Throws<FormatException>(() => KubeconfigText.Merge(text, Entry, makeCurrent: true));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }
}
