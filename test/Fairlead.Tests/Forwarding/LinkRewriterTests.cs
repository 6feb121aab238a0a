using System.Text;
using Fairlead.ControlPlane.Forwarding;

namespace Fairlead.Tests.Forwarding;

public sealed class LinkRewriterTests
{
    private readonly LinkRewriter _links = new("/api/v1/namespaces/d/pods/p:80/proxy", "10.244.0.5:8080", "localhost:6443");

    [Theory]
    [InlineData("/a/b?c=d#e", "/api/v1/namespaces/d/pods/p:80/proxy/a/b?c=d#e")]
    [InlineData("/", "/api/v1/namespaces/d/pods/p:80/proxy/")]
    [InlineData("a/b", "a/b")]
    [InlineData("?c=d", "?c=d")]
    [InlineData("", "")]
    [InlineData("mailto:a@b", "mailto:a@b")]
    [InlineData("http://10.244.0.5:8080/a", "/api/v1/namespaces/d/pods/p:80/proxy/a")]
    [InlineData("//10.244.0.5:8080/a", "/api/v1/namespaces/d/pods/p:80/proxy/a")]
    [InlineData("https://localhost:6443/a", "https://localhost:6443/api/v1/namespaces/d/pods/p:80/proxy/a")]
    [InlineData("http://example.com/a", "http://example.com/a")]
    [InlineData("/api/v1/namespaces/d/pods/p:80/proxy/a", "/api/v1/namespaces/d/pods/p:80/proxy/a")]
    [InlineData("/go?to=http://example.com/a", "/api/v1/namespaces/d/pods/p:80/proxy/go?to=http://example.com/a")]
    public void A_url_of_the_server_itself_goes_through_the_proxy(string url, string rewritten) => Assert.Equal(rewritten, _links.Rewrite(url));

    [Theory]
    [InlineData("<a href=\"/rewriteme\">test</a>", "<a href=\"P/rewriteme\">test</a>")]
    [InlineData("<A class=x HREF='/r' >t</A>", "<A class=x HREF='P/r' >t</A>")]
    [InlineData("<img src=/i.png alt=\"/no\">", "<img src=P/i.png alt=\"/no\">")]
    [InlineData("<input disabled formaction = \"/f\"/>", "<input disabled formaction = \"P/f\"/>")]
    [InlineData("<div href=\"/x\">a < b</div>", "<div href=\"/x\">a < b</div>")]
    [InlineData("<!-- <a href=\"/x\"> --><a href=\"/y\">", "<!-- <a href=\"/x\"> --><a href=\"P/y\">")]
    [InlineData("<script src=\"/s.js\">if (a<b) x='<a href=\"/x\">'</script>", "<script src=\"P/s.js\">if (a<b) x='<a href=\"/x\">'</script>")]
    [InlineData("<a href=\"/x", "<a href=\"P/x")]
    [InlineData("<a =\"/x\" / = ><", "<a =\"/x\" / = ><")]
    [InlineData("é<a title=\"\u00a0\" href=\"/ü\">", "é<a title=\"\u00a0\" href=\"P/ü\">")]
    public void A_page_keeps_every_byte_but_its_links(string page, string rewritten) => Assert.Equal(
        rewritten.Replace("P", "/api/v1/namespaces/d/pods/p:80/proxy", StringComparison.Ordinal),
        Encoding.UTF8.GetString(_links.RewritePage(Encoding.UTF8.GetBytes(page))));

    [Theory]
    [InlineData("/api/v1/nodes/n1:10256/proxy/healthz?a=b", "nodes||n1:10256|/api/v1/nodes/n1:10256/proxy|/healthz|?a=b")]
    [InlineData("/api/v1/namespaces/d/services/https:web:tls/proxy", "services|d|https:web:tls|/api/v1/namespaces/d/services/https:web:tls/proxy||")]
    [InlineData("/api/v1/namespaces/d/pods/web/proxy//a%2Fb/../c/", "pods|d|web|/api/v1/namespaces/d/pods/web/proxy|//a%2Fb/../c/|")]
    [InlineData("https://h:1/api/v1/namespaces/d/pods/web/proxy/a", "pods|d|web|/api/v1/namespaces/d/pods/web/proxy|/a|")]
    [InlineData("/api/v1/namespaces/d/pods/web/log", null)]
    [InlineData("/api/v1/namespaces/d/configmaps/web/proxy/", null)]
    [InlineData("/apis/v1/nodes/n/proxy/", null)]
    public void A_proxy_request_is_read_without_unescaping_what_the_backend_gets(string target, string? read)
    {
        var path = ProxyPath.Parse(target);
        Assert.Equal(read, path is null ? null : string.Join('|', path.Plural, path.Namespace, path.Id, path.Prefix, path.Rest, path.Query));
    }
}
