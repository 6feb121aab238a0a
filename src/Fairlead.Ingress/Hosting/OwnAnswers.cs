namespace Fairlead.Ingress.Hosting;

/// <summary>What the room itself answers where no endpoint does, so that a client can tell it from an endpoint's answer.</summary>
public static class OwnAnswers
{
    /// <summary>404.</summary>
    public const string NoRule = "no Ingress has a rule for this host and path";

    /// <summary>503: a guard of the Ingress is not understood.</summary>
    public const string Guarded = "this route is not served: a guard of its Ingress is not understood";

    /// <summary>503: there is no endpoint.</summary>
    public const string NothingReady = "nothing is ready to answer behind this host and path";
}
