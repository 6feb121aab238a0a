using System.Text.Json.Serialization;
using Fairlead.Explain.Reach;

namespace Fairlead.Explain.Http;

/// <summary>The rule that serves a request, printed.</summary>
/// <param name="Ingress"><c>namespace/name</c>.</param>
/// <param name="Host">Its host; empty: all.</param>
/// <param name="Path">Its path as it is compared.</param>
/// <param name="PathType">How it is compared.</param>
/// <param name="IsDefault">It is the default backend.</param>
/// <param name="Backend"><c>namespace/service:port</c>.</param>
internal sealed record RuleDocument(string Ingress, string Host, string Path, string PathType, bool IsDefault, string Backend);

/// <summary>The certificate that the client is shown, printed.</summary>
/// <param name="Secret">The Secret; null: the self-signed one.</param>
/// <param name="Subject">Its subject; null: Secrets may not be read.</param>
/// <param name="Named">The Secrets that Ingresses name for the host.</param>
/// <param name="Problems">What is wrong with those.</param>
internal sealed record CertificateDocument(string? Secret, string? Subject, IReadOnlyList<string> Named, IReadOnlyList<string> Problems);

/// <summary>What `fairlead explain http://…` prints.</summary>
internal sealed record HttpDocument
{
    /// <summary>An endpoint is asked and every way there is open, or the answer is a redirection; and no real request met anything else.</summary>
    public required bool Answered { get; init; }

    /// <summary>What is asked for.</summary>
    public required string Url { get; init; }

    /// <summary>What it is answered by the Ingress itself; null: an endpoint is asked.</summary>
    public int? Code { get; init; }

    /// <summary>Where it is redirected to.</summary>
    public string? Location { get; init; }

    /// <summary>The path and query that the endpoint is asked for.</summary>
    public string? Target { get; init; }

    /// <summary>The rule; null: there is none.</summary>
    public RuleDocument? Rule { get; init; }

    /// <summary>The certificate; null: no TLS is spoken.</summary>
    public CertificateDocument? Certificate { get; init; }

    /// <summary>What becomes of it.</summary>
    public required string Sentence { get; init; }

    /// <summary>Where the request is to be sent.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>The steps.</summary>
    public IReadOnlyList<StepDocument> Steps { get; init; } = [];

    /// <summary>The ways from the pods that serve to the endpoints.</summary>
    public IReadOnlyList<EndpointDocument> Endpoints { get; init; } = [];

    /// <summary>What a real request met; null: none was sent.</summary>
    public ProbeFinding? Probe { get; init; }

    /// <summary>As it is printed.</summary>
    public static HttpDocument Of(HttpExplanation told, ProbeFinding? probe) => new()
    {
        Answered = told.IsGood && probe?.Agrees != false,
        Url = $"{told.Url}",
        Code = told.Answer.Code == 0 ? null : told.Answer.Code,
        Location = OrNull(told.Answer.Location),
        Target = OrNull(told.Answer.Target),
        Rule = told.Answer.Route is { } route ? new RuleDocument($"{route.Ingress}", route.Host, route.Path, $"{route.Type}", route.IsDefault, $"{route.Backend.Key}") : null,
        Certificate = told.Certificate is { } shown
            ? new CertificateDocument(shown.Secret?.ToString(), OrNull(shown.Subject), [.. shown.Named.Select(key => $"{key}")], shown.Problems) : null,
        Sentence = told.Sentence,
        Addresses = told.Addresses,
        Steps = [.. told.Steps.Select(ReachDocument.Of)],
        Endpoints = [.. told.Ways.Select(ReachDocument.Of)],
        Probe = probe,
    };

    private static string? OrNull(string text) => text.Length == 0 ? null : text;
}

/// <summary>The document of an explanation, printed.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(HttpDocument))]
internal sealed partial class HttpJson : JsonSerializerContext;
