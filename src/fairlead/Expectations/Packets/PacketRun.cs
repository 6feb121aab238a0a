using System.Diagnostics;
using Fairlead.Live;
using Fairlead.Offline;

namespace Fairlead.Expectations.Packets;

/// <summary>
/// Tries expectations with real packets. A refusal by the destination is as good as an answer: the packet got there. Silence is a denial only as
/// <see cref="SilenceReading"/> has it.
/// </summary>
internal static class PacketRun
{
    /// <summary>How long the datapath may take to follow the API before a sight that is not what the policies mean is believed.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(200);

    private const int AtOnce = 32;

    /// <summary>Tries every connection of every expectation.</summary>
    public static async Task<ModeResult> RunAsync(
        TestMode mode, IEnumerable<Expectation> expectations, ClusterView view, IPacketSender sender, CancellationToken cancellationToken)
    {
        var resolver = new ConnectionResolver(view);
        var policies = new RelevantPolicies(view.World);
        using var room = new SemaphoreSlim(AtOnce);
        var cases = new List<(Expectation Expectation, Task<ConnectionResult[]> Connections, string Fault)>();
        foreach (var expectation in expectations)
        {
            var resolution = resolver.Resolve(expectation);
            var evaluated = resolution.Connections
                .Select(one => EvaluateRun.Of(one, policies.Evaluate(one.Source, one.Target, one.Protocol, one.Port))).ToList();
            cases.Add((expectation, Task.WhenAll(evaluated.Select(one => TryAsync(one, sender, room, cancellationToken))), resolution.Fault));
        }

        await Task.WhenAll(cases.Select(one => one.Connections));
        return new ModeResult(mode, view, [.. cases.Select(one => new CaseResult(one.Expectation, one.Connections.Result, one.Fault))]);
    }

    private static async Task<ConnectionResult> TryAsync(ConnectionResult expected, IPacketSender sender, SemaphoreSlim room, CancellationToken cancellationToken)
    {
        await room.WaitAsync(cancellationToken);
        try
        {
            var watch = Stopwatch.StartNew();
            while (true)
            {
                var seen = await LookAsync(expected, sender, cancellationToken);
                if (seen.Sight == expected.Sight || watch.Elapsed > Patience)
                {
                    return seen;
                }

                await Task.Delay(Between, TimeProvider.System, cancellationToken);
            }
        }
        finally
        {
            room.Release();
        }
    }

    private static async Task<ConnectionResult> LookAsync(ConnectionResult expected, IPacketSender sender, CancellationToken cancellationToken)
    {
        var reach = await sender.SendAsync(expected.Connection, cancellationToken);
        if (reach.Answer != Answer.Silent)
        {
            var more = reach.Answer == Answer.Refused ? ": nothing listens there, and no policy stopped the packet" : "";
            return expected with { Sight = reach.Answer is Answer.Answered or Answer.Refused ? Sight.Allowed : Sight.Unknown, Detail = reach.Detail + more };
        }

        var reading = await SilenceReading.OfAsync(sender, expected.Connection, reach.Detail, cancellationToken);
        return expected with { Sight = reading.IsDenial ? Sight.Denied : Sight.Unknown, Detail = reading.Detail };
    }
}
