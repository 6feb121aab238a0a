using Fairlead.Dns.Config;

namespace Fairlead.Dns.Forward;

/// <summary>Who is asked, one after another, for a question.</summary>
/// <param name="options">The policy, and what to do when all are down.</param>
/// <param name="counters">What is counted.</param>
internal sealed class UpstreamOrder(ForwardOptions options, ForwardCounters counters)
{
    private uint _turn;

    /// <summary>
    /// Those that are well, as the policy says, then those that failed last; none that is down or loops. When nobody else is left, one that is down, since
    /// it may be the check that fails; but nobody if the options say to fail fast. The second value: how often to go round.
    /// </summary>
    public (Upstream[] Upstreams, int Rounds) For(Upstream[] all)
    {
        Upstream[] here = [.. all.Where(upstream => !upstream.IsLooping)];
        if (here.Length == 0)
        {
            return ([], 0);
        }

        Upstream[] alive = [.. here.Where(upstream => !upstream.Health.IsDown)];
        if (alive.Length == 0)
        {
            counters.CountAllDown();
            return options.FailFast ? ([], 0) : ([here[Random.Shared.Next(here.Length)]], 1);
        }

        // Twice round, since one lost packet must not cost an answer.
        return ([.. ByPolicy(alive).OrderBy(upstream => upstream.Health.IsFailing)], 2);
    }

    private IEnumerable<Upstream> ByPolicy(Upstream[] upstreams)
    {
        switch (options.Policy)
        {
            case ForwardPolicy.Random:
                Random.Shared.Shuffle(upstreams);
                return upstreams;
            case ForwardPolicy.RoundRobin:
                var first = (int)((Interlocked.Increment(ref _turn) - 1) % (uint)upstreams.Length);
                return upstreams.Skip(first).Concat(upstreams.Take(first));
            default:
                return upstreams;
        }
    }
}
