using Fairlead.Dns;
using Fairlead.Dns.Config;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Route;
using Fairlead.Testing;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.KernelTests.Dns;

/// <summary>A forwarder in a namespace, with upstreams that the test plays. Its time is the test's.</summary>
internal sealed class ForwarderLab : IDisposable
{
    public const int Response = 0x8180;
    private readonly List<PlayedUpstream> _played = [];
    private Forwarder? _forwarder;

    public ForwarderLab()
    {
        using var route = RouteSocket.Open(Netns.Namespace);
        route.SetUp("lo");
    }

    public TestNetns Netns { get; } = new();

    public FakeTimeProvider Time { get; } = new();

    public DnsCounters Counters { get; } = new();

    public Forwarder Forwarder => _forwarder!;

    public PlayedUpstream Play(PlayedUpstream upstream)
    {
        _played.Add(upstream);
        return upstream;
    }

    /// <summary>An upstream that answers every question with one address.</summary>
    public PlayedUpstream PlayAnswering(string address, string answer) => Play(new PlayedUpstream(Netns, address) { Answers = asked => asked.Reply(Response, answer), ClosesAfterOne = false });

    public void Start(IEnumerable<PlayedUpstream> upstreams, Func<ForwardOptions, ForwardOptions>? change = null, CacheOptions? cache = null)
    {
        var options = new ForwardOptions
        {
            To = [.. upstreams.Select(upstream => new ForwardTarget(upstream.EndPoint, "", upstream.EndPoint.Port == 853))],
            Policy = ForwardPolicy.Sequential,
        };
        _forwarder = new Forwarder(change?.Invoke(options) ?? options, cache, () => [], Time, Counters) { Namespace = Netns.Namespace };
    }

    /// <summary>Asks, and gives what <see cref="DnsClient.Text"/> makes of the answer, or the code when there is none.</summary>
    public async Task<string> AskAsync(string name)
    {
        var result = await Forwarder.AskAsync(new ForwardQuestion(DnsName.Encode(name), RecordType.A, DnsHeader.RecursionDesiredFlag, false), Deadline.Token());
        return result.Packet is { } packet ? DnsClient.Text(packet) : result.Code.ToString();
    }

    /// <summary>Waits until something is so, which other threads make so.</summary>
    public static async Task UntilAsync(Func<bool> condition)
    {
        for (var deadline = Deadline.Token(); !condition(); deadline.ThrowIfCancellationRequested())
        {
            await Task.Yield();
        }
    }

    public static async Task AnswerAsync(PlayedUpstream upstream, int flags, params string[] addresses)
    {
        var asked = await upstream.NextAsync();
        await asked.Answer(asked.Reply(flags, addresses));
    }

    public void Dispose()
    {
        _forwarder?.Dispose();
        _played.ForEach(upstream => upstream.Dispose());
        Netns.Dispose();
    }
}
