using System.Diagnostics;
using System.Net;

namespace Fairlead.Demo;

/// <summary>The usual kinds of check.</summary>
internal static class Try
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2.5);
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(100);

    /// <summary>Somebody is reached, and it is as it should be.</summary>
    /// <param name="tried">See <see cref="Check.Tried"/>.</param>
    /// <param name="expected">See <see cref="Check.Expected"/>.</param>
    /// <param name="from">Where from; null when there is no such place.</param>
    /// <param name="to">The address; null when it was never given.</param>
    /// <param name="port">The TCP port.</param>
    /// <param name="held">Whether an answer will do.</param>
    public static Check Reach(string tried, string expected, Vantage? from, IPAddress? to, int port, Func<ProbeResult, bool> held) => new(tried, expected, async cancellationToken =>
    {
        if (from is null || to is null || port == 0)
        {
            return from is null ? NoPod : NoAddress;
        }

        var result = await Probe.UntilAsync(from, to, port, held, cancellationToken);
        return Seen.When(held(result), $"{result}");
    });

    /// <summary>A host and a path are asked for, and the answer is as it should be.</summary>
    /// <param name="tried">See <see cref="Check.Tried"/>.</param>
    /// <param name="expected">See <see cref="Check.Expected"/>.</param>
    /// <param name="from">Where from.</param>
    /// <param name="to">The address; null when it was never given.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="held">Whether an answer will do.</param>
    public static Check Ask(string tried, string expected, Vantage from, IPAddress? to, WebRequest request, Func<ProbeResult, bool> held) => new(tried, expected, async cancellationToken =>
    {
        if (to is null)
        {
            return NoAddress;
        }

        var result = await Probe.UntilAsync(from, to, request, held, cancellationToken);
        return Seen.When(held(result), $"{result}");
    });

    /// <summary>Nobody answers, though the target does answer somebody else at the same moment.</summary>
    /// <param name="tried">See <see cref="Check.Tried"/>.</param>
    /// <param name="from">Who must not get there.</param>
    /// <param name="to">The address.</param>
    /// <param name="port">The TCP port.</param>
    /// <param name="other">Who does get there: the silence is not the target's.</param>
    public static Check KeptOut(string tried, Vantage from, Vantage to, int port, Vantage other) => new(tried, $"no answer; {Describe(other)} gets one", async cancellationToken =>
    {
        var both = await Task.WhenAll(
            Probe.OnceAsync(from, to.Address, port, cancellationToken),
            Probe.UntilAsync(other, to.Address, port, result => result.Answered, cancellationToken));
        return Seen.When(both[0].Outcome == Outcome.Silent && both[1].Answered, $"{both[0]}; {both[1]}");
    });

    /// <summary>A name is found, or not, as it should be.</summary>
    public static Check Resolve(string tried, string expected, Vantage? pod, string name, Func<Resolution, bool> held, bool tcp = false) => new(tried, expected, async cancellationToken =>
    {
        if (pod is null)
        {
            return NoPod;
        }

        var found = await ResolveUntilAsync(pod, name, tcp, held, cancellationToken);
        return Seen.When(held(found), $"{found}");
    });

    /// <summary>A name is resolved until the answer will do, for a bounded time.</summary>
    public static async Task<Resolution> ResolveUntilAsync(Vantage pod, string name, bool tcp, Func<Resolution, bool> enough, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var found = await Resolver.ResolveAsync(pod, name, tcp, cancellationToken);
            if (enough(found) || watch.Elapsed > Patience)
            {
                return found;
            }

            await Task.Delay(Between, TimeProvider.System, cancellationToken);
        }
    }

    /// <summary>A fact of the API.</summary>
    public static Check Fact(string tried, string expected, Func<(bool Held, string Text)> look) => new(tried, expected, _ =>
    {
        var (held, text) = look();
        return Task.FromResult(Seen.When(held, text));
    });

    /// <summary>There is no pod of the lesson where one was wanted: on a node that has none, or that does not exist.</summary>
    public static Seen NoPod { get; } = new(Verdict.NotTried, "no pod of the lesson runs there");

    /// <summary>What would be tried has no address, or no port.</summary>
    public static Seen NoAddress { get; } = new(Verdict.Failed, "there is no address or port to try");

    /// <summary>A place without what changes from run to run: the hash in a pod's name.</summary>
    public static string Describe(Vantage place) => place.App.Length > 0 ? $"{place.Namespace}/{place.App}" : place.Name;
}
