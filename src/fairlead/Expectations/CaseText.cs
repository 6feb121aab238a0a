using System.Globalization;

namespace Fairlead.Expectations;

/// <summary>Says of a result why it is as it is, for tables and reports. Pure.</summary>
internal static class CaseText
{
    /// <summary>One line: the verdict's reason, what was seen beside it, and what is amiss.</summary>
    public static string Why(CaseResult result, ModeResult run)
    {
        if (result.Fault.Length > 0)
        {
            return result.Fault;
        }

        var telling = result.Telling!;
        var reason = VerdictText.Of(telling.Verdict, run.View);
        var parts = new List<string>();
        if (result.Connections.Count > 1 && !result.Passed)
        {
            parts.Add($"{telling.Connection}");
        }

        if (telling.Detail.Length > 0)
        {
            parts.Add(telling.Detail);
        }

        if (telling.Sight != Sight.Unknown && telling.Verdict.Allowed != (telling.Sight == Sight.Allowed))
        {
            parts.Add($"the policies mean otherwise: {reason}");
        }
        else if (telling.Sight != Sight.Unknown)
        {
            parts.Add(reason);
        }

        if (telling.Sight == (result.Expectation.Allowed ? Sight.Allowed : Sight.Denied) && VerdictText.MissingReason(telling.Verdict, result.Expectation.Because) is { } missing)
        {
            parts.Add($"expected because: {missing.Text}");
        }

        return string.Join("; ", parts);
    }

    /// <summary>The expectation's name, with the ports unless it says them itself.</summary>
    public static string Title(CaseResult result) =>
        result.Expectation.To.Named?.Port is { Length: > 0 } || Ports(result).Length == 0 ? result.Expectation.Name : $"{result.Expectation.Name} {Ports(result)}";

    /// <summary>The ports that were tried.</summary>
    public static string Ports(CaseResult result) => result.Expectation.PortText is { Length: > 0 } asked && asked.Any(char.IsAsciiLetterOrDigit) && result.Expectation.Ports.All(port => port.Port.Length > 0)
        ? asked
        : string.Join(',', result.Connections.Select(one => one.Connection.PortText).Distinct());

    /// <summary>How many cases there are and how they went.</summary>
    public static string Summary(ModeResult run)
    {
        var failed = run.Cases.Count(result => !result.Passed);
        var connections = run.Cases.Sum(result => result.Connections.Count);
        return string.Create(CultureInfo.InvariantCulture, $"{run.Name}: {run.Cases.Count} cases, {failed} failed; {connections} connections");
    }
}
