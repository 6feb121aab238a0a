using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Apply;
using Fairlead.ControlPlane.Forwarding;
using Fairlead.ControlPlane.Http;
using Fairlead.ControlPlane.Registry;
using Fairlead.Kube.Schema;
using Fairlead.Kube.Selectors;

namespace Fairlead.Fuzz;

/// <summary>Small languages in paths, queries and fields.</summary>
internal static class TextTargets
{
    public static IEnumerable<FuzzTarget> All { get; } =
    [
        new("label-selector", bytes => LabelSelectorParser.Parse(Text.Of(bytes)).Requirements.Count)
        {
            Declared = e => e is FormatException,
            Words = [" in ", " notin ", "(", ")", ",", "!=", "==", "!", "app", "a.b/c"],
        },
        new("field-selector", bytes => FieldSelector.Parse(Text.Of(bytes)).Count)
        {
            Declared = BodyTargets.Refused,
            Words = ["metadata.name", "status.phase", "!=", "==", "\\,", "\\\\", "\\="],
        },
        new("continue-token", bytes => ContinueToken.Parse(Token(bytes)).Revision == 0)
        {
            Declared = BodyTargets.Refused,
            Words = ["\"rv\":", "\"ns\":", "\"name\":", "\"v\":"],
        },
        new("quantity", bytes => Quantity.TryParse(Text.Of(bytes), out var quantity) ? $"{quantity.Sign}{quantity.ToString().Length}" : "none")
        {
            Words = ["Ki", "Gi", "m", "n", "e9", "E-3", "."],
            MostBytes = 1024,
        },
        new("api-path", bytes => ApiPath.Parse("/" + Text.Of(bytes)) is null) { Words = ["/api/v1", "/apis/", "/namespaces/", "/status", "%2F"], MostBytes = 4096 },
        new("proxy-path", bytes => Proxied("/api/v1/" + Text.Of(bytes)))
        {
            Declared = BodyTargets.Refused,
            Words = ["namespaces/", "pods/", "services/", "nodes/", "/proxy", "https:", ":80", "%2F", "?", "://"],
            MostBytes = 4096,
        },
        new("html-links", bytes => new LinkRewriter("/p", "10.0.0.1", "h").RewritePage(bytes).Length - bytes.Length)
        {
            Words = ["<a href=", "<img src=\"/", "<script>", "</script", "<!--", "-->", "\"", "'", "/>", "http://10.0.0.1/", "//h/"],
        },
        new("managed-fields", bytes => FieldsV1.Read(StrictJson.Parse(bytes, out _) as JsonObject).Count)
        {
            Declared = e => e is System.Text.Json.JsonException,
            Words = ["\"f:", "\"k:", "\"v:", "\"i:0\"", "\".\"", "{}"],
            AllocationPerByte = 8192,
        },
    ];

    private static string? Proxied(string target) => ProxyPath.Parse(target)?.Split().Scheme;

    // Half of the inputs are the token itself, half what is in it.
    private static string Token(byte[] bytes) => bytes is [(byte)'{', ..] ? System.Buffers.Text.Base64Url.EncodeToString(bytes) : Text.Of(bytes);
}
