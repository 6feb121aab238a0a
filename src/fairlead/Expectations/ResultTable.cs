using Fairlead.Inspect;

namespace Fairlead.Expectations;

/// <summary>Results in rows and columns. Pure.</summary>
internal static class ResultTable
{
    /// <summary>A header and a row for each case.</summary>
    public static IReadOnlyList<string> Lines(ModeResult run) => InspectionTable.Align(
    [
        ["RESULT", "FROM", "TO", "PORT", "EXPECTED", "SEEN", "AT", "WHY"],
        .. run.Cases.Select(result => new[]
        {
            result.Passed ? "pass" : "FAIL", result.Expectation.From.Text, result.Expectation.To.Text, CaseText.Ports(result), result.Expectation.ExpectText, result.Seen,
            $"{result.Expectation.Place}", CaseText.Why(result, run),
        }),
    ]);

    /// <summary>Cases that were seen one way in one mode and another way in another: one of the two is wrong.</summary>
    public static IEnumerable<string> Disagreements(IReadOnlyList<ModeResult> runs) =>
        from run in runs
        from result in run.Cases
        where result.Fault.Length == 0
        group (run.Name, result.Seen) by result.Expectation into seen
        where seen.Select(one => one.Seen).Distinct().Count() > 1
        select $"{seen.Key.Place}: {seen.Key.Name}: {string.Join(", ", seen.Select(one => $"{one.Name} saw {one.Seen}"))}";
}
