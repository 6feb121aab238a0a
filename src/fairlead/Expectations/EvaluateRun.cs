using Fairlead.Offline;
using Fairlead.Policy.Evaluate;

namespace Fairlead.Expectations;

/// <summary>Holds expectations against what the policies of a cluster mean, without a packet. Pure.</summary>
internal static class EvaluateRun
{
    /// <summary>Evaluates every connection of every expectation.</summary>
    public static ModeResult Run(IEnumerable<Expectation> expectations, ClusterView view)
    {
        var resolver = new ConnectionResolver(view);
        var policies = new RelevantPolicies(view.World);
        return new ModeResult(TestMode.Evaluate, view, [.. expectations.Select(expectation => Evaluate(expectation, resolver.Resolve(expectation), policies))]);
    }

    private static CaseResult Evaluate(Expectation expectation, Resolution resolution, RelevantPolicies policies) => new(
        expectation, [.. resolution.Connections.Select(connection => Of(connection, policies.Evaluate(connection.Source, connection.Target, connection.Protocol, connection.Port)))],
        resolution.Fault);

    /// <summary>A connection as a verdict has it.</summary>
    public static ConnectionResult Of(Connection connection, PolicyVerdict verdict) => new(connection, verdict.Allowed ? Sight.Allowed : Sight.Denied, verdict);
}
