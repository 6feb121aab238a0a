using Fairlead.Expectations;
using Fairlead.Offline;
using Fairlead.Terminal;

namespace Fairlead.Reachability;

/// <summary>`fairlead diff`: who reaches whom in one set of manifests and not in another.</summary>
internal static class DiffRun
{
    /// <summary>Compares; exit code as <c>diff</c>'s: 0 the same, 1 different.</summary>
    /// <exception cref="UserError">Manifests that cannot be read or would be refused: exit code 2.</exception>
    public static int Run(string before, string after, bool dual, bool json, Output output, TimeProvider time)
    {
        var request = new TestRequest { Files = [], Dual = dual };
        var (then, now) = (TestRun.Subject([before], request, new SourceProblems(), output, time), TestRun.Subject([after], request, new SourceProblems(), output, time));
        var difference = ReachabilityDiff.Of(then, now);
        Output.Raw(json
            ? JsonReport.Text(DiffReport.Json(difference, then, now))
            : string.Concat(DiffReport.Lines(difference, then, now).Select(line => Output.Printable(line) + "\n")));
        return difference.IsEmpty ? ExitCodes.Ok : ExitCodes.Failed;
    }
}
