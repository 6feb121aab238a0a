using System.Collections;
using CsCheck;
using Fairlead.Cluster.Model;
using Fairlead.Ingress.Translate;
using Fairlead.Ingress.Translate.Annotations;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Ingress;

/// <summary>What an Ingress's annotations become.</summary>
public sealed class AnnotationsTests
{
    private const string Nginx = "nginx.ingress.kubernetes.io/";
    private const string Own = "ingress.fairlead.dev/";

    private static readonly string[] Names =
    [
        "affinity", "affinity-mode", "allowlist-source-range", "app-root", "auth-method", "auth-request-redirect", "auth-response-headers", "auth-secret",
        "auth-signin", "auth-signin-redirect-param", "auth-snippet", "auth-tls-secret", "auth-type", "auth-url", "backend-protocol", "canary", "configuration-snippet",
        "cors-allow-credentials", "cors-allow-headers", "cors-allow-methods", "cors-allow-origin", "cors-expose-headers", "cors-max-age", "denylist-source-range",
        "enable-cors", "enable-modsecurity", "force-ssl-redirect", "limit-allowlist", "limit-burst-multiplier", "limit-connections", "limit-rpm", "limit-rps",
        "limit-whitelist", "mirror-target", "permanent-redirect", "permanent-redirect-code", "proxy-body-size", "proxy-connect-timeout", "proxy-read-timeout",
        "proxy-send-timeout", "rewrite-target", "satisfy", "server-alias", "session-cookie-domain", "session-cookie-expires", "session-cookie-max-age",
        "session-cookie-name", "session-cookie-path", "session-cookie-samesite", "session-cookie-secure", "ssl-redirect", "temporal-redirect",
        "temporal-redirect-code", "upstream-vhost", "use-regex", "whitelist-source-range", "x-forwarded-prefix",
    ];

    [Fact]
    public void An_Ingress_without_annotations_has_the_options_of_all_others()
    {
        Assert.Same(IngressAnnotations.None, Read());
        Assert.Same(RouteOptions.Default, AnnotationReader.Read(Ingress([new("kubernetes.io/ingress.class", "fairlead")])).Options);
    }

    [Fact]
    public void The_prefix_of_ours_counts_before_that_of_nginx()
    {
        var read = AnnotationReader.Read(Ingress([new(Own + "proxy-body-size", "1g"), new(Nginx + "proxy-body-size", "8m")]));
        Assert.Equal(1L << 30, read.Options.MaxBodyBytes);
        Assert.Empty(read.Findings);
    }

    [Theory]
    [InlineData("8m", 8L << 20)]
    [InlineData("64K", 64L << 10)]
    [InlineData("1g", 1L << 30)]
    [InlineData("100", 100)]
    [InlineData("0", 0)]
    public void Sizes_are_nginxs(string text, long bytes)
    {
        var read = Read(("proxy-body-size", text));
        Assert.Equal(bytes, read.Options.MaxBodyBytes);
        Assert.Empty(read.Findings);
    }

    [Theory]
    [InlineData("proxy-body-size", "8x")]
    [InlineData("proxy-body-size", "99999999999g")]
    [InlineData("proxy-body-size", "-1")]
    [InlineData("proxy-read-timeout", "60s")]
    [InlineData("proxy-read-timeout", "0")]
    [InlineData("ssl-redirect", "yes")]
    [InlineData("backend-protocol", "AJP")]
    [InlineData("affinity", "ip")]
    [InlineData("permanent-redirect", "javascript:alert(1)")]
    [InlineData("permanent-redirect", "//evil.example.org")]
    [InlineData("permanent-redirect", "https://user@example.org/")]
    [InlineData("temporal-redirect", "https://$remote_user.example.org/")]
    [InlineData("permanent-redirect-code", "200")]
    [InlineData("app-root", "//evil.example.org")]
    [InlineData("app-root", "/\\evil.example.org")]
    [InlineData("app-root", "https://evil.example.org")]
    [InlineData("upstream-vhost", "a b")]
    [InlineData("upstream-vhost", "$host")]
    [InlineData("x-forwarded-prefix", "/a\"b")]
    [InlineData("server-alias", "~^(www|web)\\.example\\.org$")]
    [InlineData("rewrite-target", "https://example.org/")]
    [InlineData("rewrite-target", "/$1/$2")]
    [InlineData("rewrite-target", "/a/../b")]
    [InlineData("session-cookie-name", "a;b")]
    [InlineData("session-cookie-path", "/; Domain=example.org")]
    [InlineData("session-cookie-domain", "example.org; Path=/")]
    [InlineData("session-cookie-samesite", "Sometimes")]
    [InlineData("cors-allow-methods", "GET\nPUT")]
    [InlineData("cors-allow-headers", "X-A: b")]
    [InlineData("cors-max-age", "long")]
    public void What_cannot_be_read_is_off_and_found(string name, string value)
    {
        var read = Read((name, value));
        var finding = Assert.Single(read.Findings);
        Assert.Equal("AnnotationInvalid", finding.Reason);
        Assert.Contains(Nginx + name, finding.Message, StringComparison.Ordinal);
        Assert.Equal(RouteOptions.Default, read.Options);
        Assert.Equal("/", read.For(Path("/"))?.Path.Path);
    }

    [Theory]
    [InlineData("auth-url", "")]
    [InlineData("auth-url", "ftp://example.org")]
    [InlineData("auth-url", "http://$remote_addr/")]
    [InlineData("auth-method", "GET /")]
    [InlineData("auth-response-headers", "X-User; X-Group")]
    [InlineData("auth-response-headers", "Content-Length")]
    [InlineData("auth-type", "basic")]
    [InlineData("auth-type", "")]
    [InlineData("auth-secret", "users")]
    [InlineData("auth-tls-secret", "shop/ca")]
    [InlineData("auth-tls-verify-client", "on")]
    [InlineData("enable-modsecurity", "true")]
    [InlineData("enable-modsecurity", "on")]
    [InlineData("satisfy", "any")]
    [InlineData("proxy-ssl-verify", "on")]
    [InlineData("global-rate-limit", "100")]
    [InlineData("whitelist-source-range", "10.0.0.0/33")]
    [InlineData("whitelist-source-range", "")]
    [InlineData("allowlist-source-range", "10.0.0.0/8, office")]
    [InlineData("denylist-source-range", "2001:db8::/129")]
    [InlineData("limit-rps", "ten")]
    [InlineData("limit-rpm", "-1")]
    [InlineData("limit-connections", "1e3")]
    [InlineData("limit-burst-multiplier", "x")]
    [InlineData("limit-whitelist", "all")]
    [InlineData("configuration-snippet", "deny all;")]
    [InlineData("server-snippet", "if ($bad) { return 403; }")]
    public void A_guard_that_is_not_understood_or_not_known_keeps_all_out(string name, string value)
    {
        foreach (var prefix in (string[])[Nginx, Own])
        {
            var read = AnnotationReader.Read(Ingress([new(prefix + name, value)]));
            Assert.NotEmpty(read.Options.Refused);
            Assert.NotEmpty(read.For(Path("/"))!.Options.Refused);
            Assert.Contains("503", Assert.Single(read.Findings).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("satisfy", "all")]
    [InlineData("enable-modsecurity", "false")]
    [InlineData("proxy-ssl-verify", "off")]
    [InlineData("auth-tls-pass-certificate-to-upstream", "false")]
    public void A_guard_that_is_off_keeps_nobody_out(string name, string value)
    {
        var read = Read((name, value));
        Assert.Same(RouteOptions.Default, read.Options);
        Assert.Empty(read.Findings);
    }

    [Fact]
    public void Snippets_are_never_run()
    {
        var read = Read(("configuration-snippet", "more_set_headers \"X-A: b\";"));
        Assert.Same(RouteOptions.Default, read.Options);
        Assert.Equal("AnnotationRefused", Assert.Single(read.Findings).Reason);
    }

    [Fact]
    public void All_else_is_found_by_name_shortened_and_escaped()
    {
        var read = Read(("mirror-target", new string('\u0007', 200)), ("proxy-buffering", "on"));
        var finding = Assert.Single(read.Findings);
        Assert.Equal("AnnotationUnknown", finding.Reason);
        Assert.Contains("mirror-target", finding.Message, StringComparison.Ordinal);
        Assert.Contains("\\u0007", finding.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\u0007', finding.Message);
        Assert.InRange(finding.Message.Length, 1, 500);
        var many = AnnotationReader.Read(Ingress(Enumerable.Range(0, 1000).Select(i => KeyValuePair.Create($"{Nginx}x{i}", "1"))));
        Assert.Equal(41, many.Findings.Count);
        Assert.Contains("960 more", many.Findings[40].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Upstream_options_are_read()
    {
        var options = Read(
            ("proxy-connect-timeout", "7"), ("proxy-read-timeout", "30"), ("proxy-send-timeout", "3600"), ("backend-protocol", "grpcs"), ("upstream-vhost", "web.shop.svc:80"),
            ("x-forwarded-prefix", "/shop"), ("server-alias", "WWW.example.org, *.example.net"), ("proxy-http-version", "1.0")).Options;
        Assert.Equal(TimeSpan.FromSeconds(7), options.ConnectTimeout);
        Assert.Equal(TimeSpan.FromHours(1), options.ActivityTimeout);
        Assert.Equal(UpstreamProtocol.Grpcs, options.Protocol);
        Assert.Equal("web.shop.svc:80", options.UpstreamHost);
        Assert.Equal("/shop", options.ForwardedPrefix);
        Assert.Equal(["www.example.org", "*.example.net"], options.Aliases);
    }

    [Fact]
    public void Redirects_are_read_and_the_temporary_one_comes_first()
    {
        var options = Read(("permanent-redirect", "https://example.org$request_uri"), ("permanent-redirect-code", "308"), ("app-root", "/app?x=1"), ("ssl-redirect", "false")).Options;
        Assert.Equal(308, options.Redirect?.Code);
        Assert.Equal("https://example.org/a?b=c", options.Redirect?.Location.Expand(new UrlParts("http", "h", "/a?b=c")));
        Assert.Equal("/app?x=1", options.AppRoot);
        Assert.False(options.SslRedirect);
        var both = Read(("permanent-redirect", "https://example.org"), ("temporal-redirect", "https://example.net"), ("force-ssl-redirect", "true")).Options;
        Assert.Equal(new RedirectTarget(both.Redirect!.Location, 302), both.Redirect);
        Assert.Equal("https://example.net", both.Redirect.Location.Text);
        Assert.True(both.ForceSslRedirect);
    }

    [Fact]
    public void Sticky_cookies_are_read_with_the_defaults_of_nginx()
    {
        Assert.Equal(new StickyCookie("INGRESSCOOKIE", "", null), Read(("affinity", "cookie")).Options.Sticky);
        Assert.Null(Read(("session-cookie-name", "route")).Options.Sticky);
        var all = Read(
            ("affinity", "cookie"), ("affinity-mode", "persistent"), ("session-cookie-name", "route"), ("session-cookie-path", "/shop"), ("session-cookie-max-age", "3600"),
            ("session-cookie-expires", "7200"), ("session-cookie-domain", ".example.org"), ("session-cookie-samesite", "none"), ("session-cookie-secure", "true"),
            ("session-cookie-change-on-failure", "true"));
        Assert.Empty(all.Findings);
        Assert.Equal(
            new StickyCookie("route", "/shop", TimeSpan.FromHours(1)) { Domain = "example.org", SameSite = "None", Secure = true, ChangeOnFailure = true }, all.Options.Sticky);
    }

    [Fact]
    public void Cors_is_read_and_never_wider_than_it_is_written()
    {
        Assert.Equal(new CorsRules(), Read(("enable-cors", "true")).Options.Cors);
        Assert.Null(Read(("cors-allow-origin", "*")).Options.Cors);
        Assert.Null(Read(("enable-cors", "true"), ("cors-allow-origin", "https://a.example.org, example")).Options.Cors);
        Assert.False(Read(("enable-cors", "true"), ("cors-allow-credentials", "maybe")).Options.Cors!.Credentials);
        var cors = Read(
            ("enable-cors", "true"), ("cors-allow-origin", "https://*.Example.org:8443, http://example.net"), ("cors-allow-methods", "GET,POST"),
            ("cors-allow-headers", "X-A, X-B"), ("cors-expose-headers", "*, X-C"), ("cors-max-age", "600")).Options.Cors!;
        Assert.Equal(["https://*.example.org:8443", "http://example.net"], cors.Origins);
        Assert.Equal(("GET, POST", "X-A, X-B", "*, X-C", 600, true), (cors.Methods, cors.Headers, cors.ExposedHeaders, cors.MaxAgeSeconds, cors.Credentials));
    }

    [Fact]
    public void Guards_are_read()
    {
        var options = Read(
            ("whitelist-source-range", "10.0.0.0/24,172.10.0.1, 2001:db8::/32"), ("denylist-source-range", "10.0.0.7"), ("limit-rps", "10"), ("limit-rpm", "300"),
            ("limit-connections", "5"), ("limit-whitelist", "10.1.0.0/16"), ("auth-url", "https://$host/oauth2/auth"),
            ("auth-signin", "https://$host/oauth2/start?rd=$escaped_request_uri"), ("auth-response-headers", "X-Auth-Request-User, X-Auth-Request-Email")).Options;
        Assert.Equal([IpNet.Parse("10.0.0.0/24"), IpNet.Parse("172.10.0.1/32"), IpNet.Parse("2001:db8::/32")], options.AllowedSources);
        Assert.Equal([IpNet.Parse("10.0.0.7/32")], options.DeniedSources);
        Assert.Equal(new RateLimits(10, 300, 5, 5) { Exempt = [IpNet.Parse("10.1.0.0/16")] }, options.Limits);
        Assert.Equal(["X-Auth-Request-User", "X-Auth-Request-Email"], options.Auth!.ResponseHeaders);
        Assert.True(options.Auth.Url.NamesHost);
        Assert.Equal("https://shop.example.org/oauth2/start?rd=%2Fa%3Fb", options.Auth.SignIn!.Expand(new UrlParts("https", "shop.example.org:443", "/a?b")));
        Assert.Empty(options.Refused);
        Assert.Null(Read(("limit-rps", "0")).Options.Limits);
        Assert.Equal([IpNet.Parse("10.2.0.0/16")], Read(("allowlist-source-range", "10.2.0.0/16"), ("whitelist-source-range", "0.0.0.0/0")).Options.AllowedSources);
    }

    [Theory]
    [InlineData("https://id.example.org/start", "https://id.example.org/start?rd=https://h:1%2Fa")]
    [InlineData("https://id.example.org/start?x=1", "https://id.example.org/start?x=1&rd=https://h:1%2Fa")]
    [InlineData("https://id.example.org/start?rd=/", "https://id.example.org/start?rd=/")]
    public void Where_to_come_back_to_is_put_behind_the_sign_in(string signIn, string expanded)
    {
        var auth = Read(("auth-url", "http://auth.shop.svc/"), ("auth-signin", signIn)).Options.Auth!;
        Assert.Equal(expanded, auth.SignIn!.Expand(new UrlParts("https", "h:1", "/a")));
    }

    [Fact]
    public void A_canary_serves_no_path()
    {
        var read = Read(("canary", "true"), ("canary-weight", "10"));
        Assert.Null(read.For(Path("/")));
        Assert.Contains(read.Findings, finding => finding.Reason == "AnnotationRefused");
    }

    [Fact]
    public void No_annotation_brings_a_line_break_into_any_option()
    {
        var name = Gen.Int[0, Names.Length - 1].Select(i => Names[i]);
        string[] bad = ["\r", "\n", "\0", "\r\n", "\u007f", "\u0085", "\u2028"];
        string[] good = ["", "https://example.org/", "/", "/a", "10", "true", "GET", "X-A", "cookie", "10.0.0.0/8", "example.org"];
        var text = Gen.String[Gen.Char[' ', '~'], 0, 12];
        var value = Gen.Select(Gen.Int[0, good.Length - 1], text, Gen.Int[0, bad.Length - 1], text, (begin, before, at, after) => good[begin] + before + bad[at] + after);
        Gen.Select(name, value).Array[1, 6].Sample(pairs =>
        {
            var read = AnnotationReader.Read(Ingress(pairs.DistinctBy(pair => pair.Item1).Select(pair => KeyValuePair.Create(Nginx + pair.Item1, pair.Item2))));
            Assert.DoesNotContain(read.Options.Refused, char.IsControl);
            Assert.All(Texts(read.Options with { Refused = "" }), text => Assert.DoesNotContain(text, character => character is < ' ' or '"' or >= '\u007f'));
            Assert.All(read.Findings.AsEnumerable(), finding => Assert.DoesNotContain(finding.Message, char.IsControl));
        }, iter: 20_000);
    }

    [Fact]
    public void The_walk_over_options_sees_every_text()
    {
        var read = Read(("auth-url", "http://auth/"), ("auth-response-headers", "X-A"), ("enable-cors", "true"), ("affinity", "cookie"), ("permanent-redirect", "https://r/"));
        Assert.Empty(new[] { "http://auth/", "X-A", "*", "INGRESSCOOKIE", "https://r/" }.Except(Texts(read.Options)));
    }

    // Every text in an object of options, of whatever property.
    private static IEnumerable<string> Texts(object? value) => value switch
    {
        null => [],
        UrlTemplate template => [template.Text],
        string text => [text],
        IEnumerable items => items.Cast<object?>().SelectMany(Texts),
        _ when value.GetType() is { Namespace: "Fairlead.Ingress.Translate", IsEnum: false } type =>
            type.GetProperties().Where(property => property.GetMethod is { IsStatic: false }).SelectMany(property => Texts(property.GetValue(value))),
        _ => [],
    };

    private static IngressPath Path(string path) => new(path, PathType.Prefix, new IngressBackend("web", "", 80));

    private static IngressAnnotations Read(params (string Name, string Value)[] annotations) =>
        AnnotationReader.Read(Ingress(annotations.Select(annotation => KeyValuePair.Create(Nginx + annotation.Name, annotation.Value))));

    private static IngressRow Ingress(IEnumerable<KeyValuePair<string, string>> annotations) => new()
    {
        Key = new ObjectKey("shop", "web"),
        Annotations = Labels.From(annotations),
        Rules = [new IngressRule("shop.example.org", [Path("/")])],
    };
}
