using Fairlead.Cluster.Model;
using Fairlead.Ingress.Translate.Annotations;
using Fairlead.Kube.Selectors;

namespace Fairlead.Tests.Ingress;

/// <summary>The expressions that ingress-nginx's users write in paths, recognised as text.</summary>
public sealed class AnnotationsPathTests
{
    [Theory]
    [InlineData("/app(/|$)(.*)", "/$2", "/app", "/app", "/")]
    [InlineData("/app(/|$)(.*)", "/$2", "/app", "/app/", "/")]
    [InlineData("/app(/|$)(.*)", "/$2", "/app", "/app/a/b", "/a/b")]
    [InlineData("/app(/|$)(.*)", "/x/$2", "/app", "/app/a", "/x/a")]
    [InlineData("/app(/|$)(.*)", "/x/$2", "/app", "/app", "/x/")]
    [InlineData("/app(/|$)(.*)", "/", "/app", "/app/a", "/")]
    [InlineData("/app/(.*)", "/$1", "/app", "/app/a", "/a")]
    [InlineData("/app/?(.*)", "/$1", "/app", "/app/a", "/a")]
    [InlineData("/app/v1.0/(.*)", "/$1", "/app/v1.0", "/app/v1.0/a//b", "/a//b")]
    [InlineData("/(.*)", "/$1", "/", "/a/b", "/a/b")]
    [InlineData("/?(.*)", "/$1", "/", "/a", "/a")]
    [InlineData("/(.*)", "/x/$1", "/", "/a", "/x/a")]
    [InlineData("/app/.*", "/x", "/app", "/app/a", "/x")]
    [InlineData("/app", "/", "/app", "/app/a", "/")]
    [InlineData("/app", "/x", "/app", "/app/a", "/x")]
    [InlineData("/app", "/x/$1", "/app", "/app/a", "/x/")]
    public void A_path_is_rewritten_as_nginx_does(string written, string target, string compared, string path, string rewritten)
    {
        var served = Read(target, "", written).For(Path(written));
        Assert.Equal(compared, served?.Path.Path);
        Assert.Equal(rewritten, served?.Options.Rewrite?.Apply(compared, path));
    }

    [Theory]
    [InlineData("/app(/|$)(.*)", "/app", PathType.Prefix)]
    [InlineData("/app/.*", "/app", PathType.Prefix)]
    [InlineData("/.*", "/", PathType.Prefix)]
    [InlineData("/favicon.ico", "/favicon.ico", PathType.ImplementationSpecific)]
    public void Without_a_target_the_path_stays(string written, string compared, PathType type)
    {
        var served = Read("", "true", written).For(Path(written))!;
        Assert.Equal((compared, type), (served.Path.Path, served.Path.Type));
        Assert.Null(served.Options.Rewrite);
    }

    [Theory]
    [InlineData("/(a+)+$", "")]
    [InlineData("/app[0-9]", "")]
    [InlineData("/(api|web)(/|$)(.*)", "/$3")]
    [InlineData("/app(/|$)(.*)", "/$1")]
    [InlineData("/app/(.*)", "/$2")]
    [InlineData("^/app", "")]
    [InlineData("(/|$)(.*)", "/$2")]
    [InlineData("/app//(.*)", "/$1")]
    [InlineData("/a\\.b", "")]
    public void Any_other_expression_is_refused_and_not_served(string written, string target)
    {
        var read = Read(target, "true", written);
        Assert.Null(read.For(Path(written)));
        Assert.NotNull(read.For(Path("/plain")));
        Assert.Equal("RegexRefused", Assert.Single(read.Findings).Reason);
    }

    [Fact]
    public void Without_use_regex_and_target_a_path_is_what_it_is()
    {
        var path = Path("/app(/|$)(.*)") with { Type = PathType.Exact };
        Assert.Same(path, Read("", "false", path.Path).For(path)?.Path);
    }

    private static IngressPath Path(string path) => new(path, PathType.ImplementationSpecific, new IngressBackend("web", "", 80));

    private static IngressAnnotations Read(string target, string useRegex, string path) => AnnotationReader.Read(new IngressRow
    {
        Key = new ObjectKey("shop", "web"),
        Annotations = Labels.From([new("nginx.ingress.kubernetes.io/rewrite-target", target), new("nginx.ingress.kubernetes.io/use-regex", useRegex)]),
        Rules = [new IngressRule("shop.example.org", [Path(path)])],
    });
}
