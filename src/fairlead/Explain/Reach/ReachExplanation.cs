using System.Globalization;
using Fairlead.Linux.Addresses;
using Fairlead.Policy.Evaluate;
using Fairlead.State;

namespace Fairlead.Explain.Reach;

/// <summary>How one step on the way went.</summary>
internal enum StepVerdict
{
    /// <summary>It lets the packet go on.</summary>
    Ok,

    /// <summary>The packet ends here.</summary>
    Fails,

    /// <summary>It cannot be told from here.</summary>
    Unknown,
}

/// <summary>What comes of an attempt.</summary>
internal enum ReachVerdict
{
    /// <summary>Every step lets it go on, for every endpoint.</summary>
    Reachable,

    /// <summary>For some endpoints it does, for others not: some connections fail.</summary>
    Partly,

    /// <summary>No connection comes about.</summary>
    Unreachable,
}

/// <summary>One step on the way of a packet.</summary>
/// <param name="What"><c>source</c>, <c>name</c>, <c>service</c>, <c>endpoints</c>, <c>route</c>, <c>egress</c>, <c>ingress</c>, <c>listener</c>.</param>
/// <param name="Verdict">How it went.</param>
/// <param name="Object">The object that decided, as <c>Kind namespace/name</c>; empty when it is none.</param>
/// <param name="Words">Why, in words.</param>
internal sealed record ReachStep(string What, StepVerdict Verdict, string Object, string Words)
{
    /// <summary>The field of <see cref="Object"/> that decided; empty: none in particular.</summary>
    public string Path => (Rule ?? Nearest)?.Path ?? "";

    /// <summary>The rule that decided.</summary>
    public RuleReference? Rule { get; init; }

    /// <summary>Of a refusal that no rule made: the rule that came nearest to allowing it.</summary>
    public RuleReference? Nearest { get; init; }

    /// <summary>Where the rule stands in the user's manifests, <c>file:line</c>; empty when it is not known.</summary>
    public string At { get; init; } = "";

    /// <summary>What more there is to say, a line each.</summary>
    public ValueArray<string> Notes { get; init; }

    /// <summary>The rule itself, as YAML.</summary>
    public ValueArray<string> Excerpt { get; init; }
}

/// <summary>The way to one endpoint, from where it parts from the ways to the others.</summary>
/// <param name="Endpoint"><c>10.244.0.5:8080</c>.</param>
/// <param name="Pod"><c>namespace/name</c>; empty when it is none.</param>
/// <param name="Node">The node it is on; empty when it is on none.</param>
/// <param name="Client">Address that the endpoint sees as the client's.</param>
/// <param name="Steps">In order.</param>
internal sealed record EndpointReach(string Endpoint, string Pod, string Node, string Client, ValueArray<ReachStep> Steps)
{
    /// <summary>No step fails.</summary>
    public bool IsReachable => Steps.All(step => step.Verdict != StepVerdict.Fails);
}

/// <summary>Why one connection comes about or does not: every step in order.</summary>
internal sealed record ReachExplanation
{
    /// <summary>Who opens it.</summary>
    public required string From { get; init; }

    /// <summary>Its address and node, as far as there are any.</summary>
    public string Where { get; init; } = "";

    /// <summary>Whom it is to reach.</summary>
    public required string To { get; init; }

    /// <summary>The name that whoever opens it asks the DNS for; empty: none.</summary>
    public string Name { get; init; } = "";

    /// <summary>The address it is opened to; none when there is no such address.</summary>
    public IpAddr Address { get; init; }

    /// <summary>Transport protocol.</summary>
    public IpProtocol Protocol { get; init; }

    /// <summary>The port it is opened to; 0 when there is none.</summary>
    public ushort Port { get; init; }

    /// <summary>The steps up to where the ways to the endpoints part.</summary>
    public ValueArray<ReachStep> Steps { get; init; }

    /// <summary>The ways to each endpoint.</summary>
    public ValueArray<EndpointReach> Endpoints { get; init; }

    /// <summary>How many endpoints there are no steps against.</summary>
    public int ReachableEndpoints => Endpoints.Count(endpoint => endpoint.IsReachable);

    /// <summary>What comes of it.</summary>
    public ReachVerdict Verdict => Steps.Any(step => step.Verdict == StepVerdict.Fails) || ReachableEndpoints == 0 ? ReachVerdict.Unreachable
        : ReachableEndpoints < Endpoints.Count ? ReachVerdict.Partly : ReachVerdict.Reachable;

    /// <summary>The first step that fails; null: none does.</summary>
    public ReachStep? Failing => Steps.Concat(Endpoints.SelectMany(endpoint => endpoint.Steps)).FirstOrDefault(step => step.Verdict == StepVerdict.Fails);

    /// <summary>Whom it is to reach, with the port: <c>shop/api:80/TCP</c>.</summary>
    public string Target => Port == 0 ? To : string.Create(CultureInfo.InvariantCulture, $"{To}:{Port}/{Protocol.Text()}");

    /// <summary>The verdict as a sentence.</summary>
    public string Sentence => Verdict switch
    {
        ReachVerdict.Reachable => $"{From} can reach {Target}{(Endpoints.Count > 1 ? string.Create(CultureInfo.InvariantCulture, $": {Endpoints.Count} of {Endpoints.Count} endpoints") : "")}{Doubts()}",
        ReachVerdict.Partly => string.Create(
            CultureInfo.InvariantCulture, $"{From} reaches {Target} only now and then: {ReachableEndpoints} of {Endpoints.Count} endpoints; {Failing?.What}: {Failing?.Words}"),
        _ => $"{From} cannot reach {Target}; {Failing?.What}: {Failing?.Words}",
    };

    private string Doubts()
    {
        var unknown = Steps.Concat(Endpoints.SelectMany(endpoint => endpoint.Steps)).Where(step => step.Verdict == StepVerdict.Unknown).Select(step => step.What).Distinct().ToList();
        return unknown.Count == 0 ? "" : $", as far as can be told from here (not known: {string.Join(", ", unknown)})";
    }
}
