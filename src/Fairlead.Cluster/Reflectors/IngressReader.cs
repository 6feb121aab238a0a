using System.Text;
using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Documents;
using Fairlead.State;

namespace Fairlead.Cluster.Reflectors;

/// <summary>Ingresses, their classes and their certificates: documents to rows.</summary>
internal static class IngressReader
{
    public static IngressRow Ingress(JsonObject document)
    {
        var spec = document.Object("spec");
        return new IngressRow
        {
            Key = document.Key(),
            Uid = document.Text("metadata", "uid"),
            CreatedAt = document.Time("metadata", "creationTimestamp") ?? DateTimeOffset.MaxValue,
            Annotations = document.Labels("metadata", "annotations"),
            ClassName = spec.Text("ingressClassName"),
            DefaultBackend = spec.Object("defaultBackend") is { } backend ? Backend(backend) : null,
            Rules = spec.Objects("rules").Select(Rule).ToValueArray(),
            Tls = spec.Objects("tls").Select(tls => new IngressTls(tls.Texts("hosts").ToValueArray(), tls.Text("secretName"))).ToValueArray(),
            Addresses = document.Objects("status", "loadBalancer", "ingress").Select(ingress => ingress.TextOr(ingress.Text("hostname"), "ip")).ToValueArray(),
        };
    }

    public static IngressClassRow Class(JsonObject document) => new()
    {
        Name = document.Text("metadata", "name"),
        CreatedAt = document.Time("metadata", "creationTimestamp") ?? DateTimeOffset.MaxValue,
        Controller = document.Text("spec", "controller"),
        IsDefault = document.Text("metadata", "annotations", IngressClassRow.DefaultAnnotation) == "true",
    };

    public static TlsSecretRow Secret(JsonObject document) => new()
    {
        Key = document.Key(),
        Certificate = Decoded(document, "tls.crt"),
        PrivateKey = Decoded(document, "tls.key"),
    };

    private static string Decoded(JsonObject document, string name)
    {
        var text = document.Text("data", name);
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var length) ? Encoding.ASCII.GetString(bytes, 0, length) : "";
    }

    private static IngressRule Rule(JsonObject rule) =>
        new(rule.Text("host").ToLowerInvariant(), rule.Objects("http", "paths").Select(Path).ToValueArray());

    private static IngressPath Path(JsonObject path) => new(
        path.Text("path"),
        path.Text("pathType") switch { "Exact" => PathType.Exact, "Prefix" => PathType.Prefix, _ => PathType.ImplementationSpecific },
        Backend(path.Object("backend")));

    private static IngressBackend Backend(JsonObject? backend) =>
        new(backend.Text("service", "name"), backend.Text("service", "port", "name"), backend.Object("service", "port").Port("number"))
        {
            Resource = backend.Object("resource") is { } resource ? $"{resource.Text("kind")}/{resource.Text("name")}" : "",
        };
}
