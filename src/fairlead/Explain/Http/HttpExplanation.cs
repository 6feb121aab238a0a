using System.Globalization;
using Fairlead.Explain.Reach;
using Fairlead.Ingress.Inspection;
using Fairlead.State;

namespace Fairlead.Explain.Http;

/// <summary>What becomes of a request, and every step that says why.</summary>
internal sealed record HttpExplanation
{
    /// <summary>What is asked for.</summary>
    public required Uri Url { get; init; }

    /// <summary>What is answered before any endpoint is asked.</summary>
    public required PlannedAnswer Answer { get; init; }

    /// <summary>The certificate that the client is shown; null: it speaks no TLS.</summary>
    public PlannedCertificate? Certificate { get; init; }

    /// <summary>The addresses at which the request is to be sent.</summary>
    public ValueArray<string> Addresses { get; init; }

    /// <summary>The steps up to where the ways to the endpoints part.</summary>
    public ValueArray<ReachStep> Steps { get; init; }

    /// <summary>The ways from each pod that serves to each endpoint.</summary>
    public ValueArray<EndpointReach> Ways { get; init; }

    /// <summary>Somebody takes the request, or it cannot be told that nobody does.</summary>
    public bool IsTaken => !Steps.Any(step => step.What == "role" && step.Verdict == StepVerdict.Fails);

    /// <summary>An endpoint is asked, and every way there is open; or the answer is a redirection.</summary>
    public bool IsGood => IsTaken && (Answer.Code == 0 ? Ways.All(way => way.IsReachable) : Answer.Location.Length > 0);

    /// <summary>How many ways are open.</summary>
    public int OpenWays => Ways.Count(way => way.IsReachable);

    /// <summary>Who is asked, and by whose rule.</summary>
    public string Served => Answer.Route is { } route ? $"Service {route.Backend.Key} by Ingress {route.Ingress}" : "";

    /// <summary>What becomes of it, as a sentence.</summary>
    public string Sentence => !IsTaken ? $"nobody answers GET {Url}: {Steps.First(step => step.What == "role").Words}"
        : Answer.Location.Length > 0 ? string.Create(CultureInfo.InvariantCulture, $"GET {Url} is redirected to {Answer.Location} ({Answer.Code}) by Ingress {Answer.Route!.Ingress}")
        : Answer.Code > 0 ? string.Create(CultureInfo.InvariantCulture, $"GET {Url} is answered {Answer.Code}: {Answer.Reason}")
        : OpenWays == Ways.Count ? $"GET {Url} is answered by {Served}{Doubts()}"
        : OpenWays > 0 ? string.Create(
            CultureInfo.InvariantCulture, $"GET {Url} is answered by {Served}, but late, or not at all, where an endpoint is asked first that cannot be reached: {OpenWays} of {Ways.Count} ways are open; {Failing()}")
        : $"GET {Url} is answered 502 or 504, as {Served} cannot be reached; {Failing()}";

    private string Failing() => Ways.SelectMany(way => way.Steps).FirstOrDefault(step => step.Verdict == StepVerdict.Fails) is { } step ? $"{step.What}: {step.Words}" : "";

    private string Doubts()
    {
        var unknown = Steps.Concat(Ways.SelectMany(way => way.Steps)).Where(step => step.Verdict == StepVerdict.Unknown).Select(step => step.What).Distinct().ToList();
        return unknown.Count == 0 ? "" : $", as far as can be told from here (not known: {string.Join(", ", unknown)})";
    }
}
