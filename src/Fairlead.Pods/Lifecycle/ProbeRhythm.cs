namespace Fairlead.Pods.Lifecycle;

/// <summary>
/// When a probe has its next turn. A readiness probe that asks before its container has finished starting asks again soon instead of a whole period later:
/// those first answers neither count nor are told. Once it has succeeded, or a second is nearly over, every period.
/// </summary>
/// <param name="period">periodSeconds.</param>
/// <param name="isReadiness">It is a readiness probe.</param>
internal sealed class ProbeRhythm(TimeSpan period, bool isReadiness)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LastOfAll = TimeSpan.FromMilliseconds(400);

    private TimeSpan _soon = isReadiness ? First : TimeSpan.MaxValue;

    /// <summary>How long until the next turn.</summary>
    /// <param name="succeeded">How this one ended.</param>
    /// <param name="counts">Whether this one counts.</param>
    public TimeSpan Next(bool succeeded, out bool counts)
    {
        counts = succeeded || _soon > LastOfAll;
        if (counts)
        {
            _soon = TimeSpan.MaxValue;
            return period;
        }

        var wait = _soon;
        _soon *= 2;
        return wait;
    }
}
