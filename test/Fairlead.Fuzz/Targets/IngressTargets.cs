using Fairlead.Cluster.Model;
using Fairlead.Ingress.Translate.Annotations;
using Fairlead.Kube.Selectors;

namespace Fairlead.Fuzz;

/// <summary>What the author of an Ingress writes.</summary>
internal static class IngressTargets
{
    public static IEnumerable<FuzzTarget> All { get; } =
    [
        new("ingress-annotations", Annotations)
        {
            Words =
            [
                "rewrite-target=", "use-regex=", "auth-url=", "auth-signin=", "auth-response-headers=", "whitelist-source-range=", "limit-rps=", "proxy-body-size=", "enable-cors=true",
                "cors-allow-origin=", "permanent-redirect=", "server-alias=", "session-cookie-path=", "affinity=cookie", "app-root=", "upstream-vhost=", "path=",
                "(/|$)(.*)", "/$2", "$1", "$host", "$request_uri", "https://", "*.", "\n", "\r", ",", "9999999999g",
            ],
            MostBytes = 4096,
            AllocationPerByte = 4096,
        },
    ];

    // One annotation a line, name=value; a line "path=" is the path.
    private static object Annotations(byte[] bytes)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        var path = "/";
        foreach (var line in Text.Of(bytes).Split('\n'))
        {
            var equals = line.IndexOf('=', StringComparison.Ordinal);
            var (name, value) = equals < 0 ? (line, "") : (line[..equals], line[(equals + 1)..]);
            path = name == "path" ? value : path;
            pairs[$"nginx.ingress.kubernetes.io/{name}"] = value;
        }

        var written = new IngressPath(path, PathType.ImplementationSpecific, new IngressBackend("web", "", 80));
        var read = AnnotationReader.Read(new IngressRow
        {
            Key = new ObjectKey("shop", "web"),
            Annotations = Labels.From(pairs),
            Rules = [new IngressRule("shop.example.org", [written])],
        });
        var served = read.For(written);
        var options = read.Options;
        if (Bad(options.AppRoot) || Bad(options.UpstreamHost) || Bad(options.ForwardedPrefix) || Bad(served?.Options.Rewrite?.Before) || Bad(options.Redirect?.Location.Text)
            || Bad(options.Auth?.Url.Text) || Bad(options.Auth?.SignIn?.Text) || Bad(options.Sticky?.Path) || Bad(options.Cors?.Headers) || read.Findings.Any(finding => Bad(finding.Message.Replace("\"", "", StringComparison.Ordinal))))
        {
            throw new InvalidOperationException("a character that breaks out of a header came through");
        }

        var rewritten = served?.Options.Rewrite?.Apply(served.Path.Path, served.Path.Path + "/rest");
        return (options.Refused.Length > 0, string.Concat(read.Findings.Select(finding => finding.Reason).Distinct()), rewritten is ['/', ..], options.Auth is null, options.Cors is null);
    }

    private static bool Bad(string? text) => text is not null && text.Any(character => char.IsControl(character) || character == '"');
}
