namespace Fairlead.Demo;

/// <summary>How an attempt to reach somebody ended.</summary>
internal enum Outcome
{
    /// <summary>There was an answer.</summary>
    Answered,

    /// <summary>Somebody said no at once: a TCP reset or an ICMP error.</summary>
    Refused,

    /// <summary>Nobody said anything in time.</summary>
    Silent,

    /// <summary>There was a TLS handshake, with a certificate that is not trusted for the host.</summary>
    Untrusted,

    /// <summary>There is no way there: this side's own routes say so, or a router does.</summary>
    NoRoute,
}

/// <summary>Both views of one attempt to reach somebody over HTTP.</summary>
/// <param name="From">Who tried.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Client">The client's own end as its socket says, or its address alone when there was no connection.</param>
/// <param name="Target">Where the packet was sent.</param>
internal sealed record ProbeResult(string From, Outcome Outcome, string Client, string Target)
{
    /// <summary>The pod that answered, as it says itself.</summary>
    public string Pod { get; init; } = "";

    /// <summary>Its namespace.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Its node.</summary>
    public string Node { get; init; } = "";

    /// <summary>The address and port it was reached at, as it saw them.</summary>
    public string Server { get; init; } = "";

    /// <summary>The port of <see cref="Server"/>.</summary>
    public int ServerPort { get; init; }

    /// <summary>The client's end as the server saw it.</summary>
    public string SeenClient { get; init; } = "";

    /// <summary>What was asked for; null where only somebody's answer matters.</summary>
    public WebRequest? Request { get; init; }

    /// <summary>The answer's code; 0 when it has none.</summary>
    public int Status { get; init; }

    /// <summary>The client as a proxy told the server; empty when none did.</summary>
    public string ForwardedFor { get; init; } = "";

    /// <summary>What was asked for, as it reached the server by a proxy.</summary>
    public string SeenRequest { get; init; } = "";

    /// <summary>Somebody answered.</summary>
    public bool Answered => Outcome == Outcome.Answered;

    /// <summary>The server saw the very end that the client has: nobody rewrote it.</summary>
    public bool SourceKept => Answered && Client == SeenClient;

    /// <summary>Both views in one line.</summary>
    public override string ToString()
    {
        var tried = $"{From} {Client} → {Target}{(Request is null ? "" : $" for {Request}")}";
        return Outcome switch
        {
            Outcome.Answered when ForwardedFor.Length > 0 => $"{tried}; {Pod} at {Server} on {Node} saw {SeenRequest} by {SeenClient} for {ForwardedFor}",
            Outcome.Answered when Request is not null && Pod.Length == 0 => $"{tried}: {Status}",
            Outcome.Answered => $"{tried}; {Pod} at {Server} on {Node} saw {SeenClient}, source {(SourceKept ? "kept" : "replaced")}",
            Outcome.Refused => $"{tried}: refused",
            Outcome.Silent => $"{tried}: no answer",
            Outcome.Untrusted => $"{tried}: a certificate that is not {Request?.Host}'s",
            _ => $"{tried}: no route",
        };
    }
}
