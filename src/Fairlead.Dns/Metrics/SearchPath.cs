namespace Fairlead.Dns.Metrics;

/// <summary>Tells names that exist nowhere because a resolver has put a domain of its search path behind them.</summary>
public static class SearchPath
{
    /// <summary>What a user does about it; empty: the name does not look like one that a search path made.</summary>
    /// <param name="name">The name that does not exist, in lower case and with a dot at its end.</param>
    /// <param name="ns">The namespace of the pod that asked.</param>
    /// <param name="zone">The cluster's zone, without dots at its ends.</param>
    public static string HintOf(string name, string ns, string zone)
    {
        // A name of a Service has one label before its own namespace, and two before svc: what is longer was a whole name, or part of one, before.
        (string Suffix, int Labels)[] searches = [($".{ns}.svc.{zone}.", 1), ($".svc.{zone}.", 2), ($".{zone}.", 0)];
        foreach (var (suffix, labels) in searches)
        {
            if (!name.EndsWith(suffix, StringComparison.Ordinal))
            {
                continue;
            }

            var asked = name[..^suffix.Length];
            var isRecord = asked.StartsWith('_') || (labels == 0 && (asked.EndsWith(".svc", StringComparison.Ordinal) || asked.EndsWith(".pod", StringComparison.Ordinal)));
            return asked.Split('.').Length > Math.Max(labels, 1) && !isRecord ? $"search path: asked for {asked}; write {asked}. or lower ndots" : "";
        }

        return "";
    }
}
