using System.Globalization;
using Fairlead.Expectations;
using Fairlead.Linux.Addresses;
using Fairlead.Live;

namespace Fairlead.Explain.Reach;

/// <summary>Sends real packets the way that was explained, and says whether they met what was explained.</summary>
/// <param name="sender">Who sends from the cluster's pods.</param>
/// <param name="isOwn">It is a cluster of this machine: what its policies drop meets silence, and what is silent was dropped. Of others silence has to be told from absence.</param>
internal sealed class RealPacket(IPacketSender sender, bool isOwn)
{
    private const int MostTries = 64;

    // Datagrams to one receiver go one after the other.
    private const int MostDatagrams = 16;
    private const int TriesPerEndpoint = 8;

    /// <summary>Sends and compares.</summary>
    public async Task<ProbeFinding> SendAsync(ReachSource source, ReachExplanation told, CancellationToken cancellationToken)
    {
        if (told.Protocol is not (IpProtocol.Tcp or IpProtocol.Udp))
        {
            return new ProbeFinding(null, $"no {told.Protocol.Text()} packet can be sent from here");
        }

        if (told.Name.Length > 0)
        {
            var found = await sender.ResolveAsync(To(source, told, told.Address, told.Port), told.Name, cancellationToken);
            if (found.Answer == Answer.Refused || (found.Answer == Answer.NotTried && told.Failing?.What is "dns" or "name"))
            {
                return new ProbeFinding(found.Answer == Answer.NotTried ? null : told.Verdict == ReachVerdict.Unreachable, found.Detail);
            }
        }

        var targets = told.Address.IsNone ? [.. told.Endpoints.Select(endpoint => EndOf(endpoint).Address)] : new[] { told.Address };
        if (targets.Length == 0 || told.Port == 0)
        {
            return new ProbeFinding(told.Verdict == ReachVerdict.Unreachable, "there is no address to send a packet to");
        }

        var most = told.Protocol == IpProtocol.Udp ? MostDatagrams : MostTries;
        var tries = told.Verdict == ReachVerdict.Partly ? Math.Min(most, TriesPerEndpoint * told.Endpoints.Count) : targets.Length;
        var reaches = await Task.WhenAll(Enumerable.Range(0, tries)
            .Select(number => sender.SendAsync(To(source, told, targets[number % targets.Length], told.Port), cancellationToken)));
        return reaches.FirstOrDefault(reach => reach.Answer == Answer.NotTried) is { } not ? new ProbeFinding(null, not.Detail)
            : !isOwn && reaches.All(reach => reach.Answer == Answer.Silent) ? await OfSilenceAsync(source, told, targets[0], cancellationToken)
            : Judge(told, [.. reaches.Select(reach => reach.Answer)]);
    }

    /// <summary>What the answers prove.</summary>
    internal static ProbeFinding Judge(ReachExplanation told, IReadOnlyList<Answer> answers)
    {
        var answered = answers.Count(answer => answer == Answer.Answered);
        var what = answers.Count == 1
            ? $"a {Kind(told.Protocol)} to {told.Target} {Text(answers[0])}"
            : answered == answers.Count ? $"all of {answered} {Kind(told.Protocol)}s to {told.Target} were answered"
            : string.Create(CultureInfo.InvariantCulture, $"{answered} of {answers.Count} {Kind(told.Protocol)}s to {told.Target} were answered; of the others one {Text(answers.FirstOrDefault(answer => answer != Answer.Answered))}");

        // Nobody has to answer a datagram: silence proves nothing where an answer was to be expected. Nor does a refusal where nobody knows who listens.
        var silent = told.Protocol == IpProtocol.Udp && answers.All(answer => answer is Answer.Answered or Answer.Silent);
        var unheard = answers.All(answer => answer is Answer.Answered or Answer.Refused)
            && told.Endpoints.Any(endpoint => endpoint.Steps.Any(step => step is { What: "listener", Verdict: StepVerdict.Unknown }));
        return new ProbeFinding(
            told.Verdict switch
            {
                ReachVerdict.Reachable => answered == answers.Count ? true : silent || unheard ? null : false,
                ReachVerdict.Partly => answered > 0 && answered < answers.Count ? true : silent && answered == 0 ? null : false,
                _ => answered == 0,
            },
            what);
    }

    /// <summary>Asked is an endpoint itself: a Service's address may have none that whoever is asked from may reach.</summary>
    private async Task<ProbeFinding> OfSilenceAsync(ReachSource source, ReachExplanation told, IpAddr target, CancellationToken cancellationToken)
    {
        var (address, port) = told.Endpoints.OrderBy(endpoint => endpoint.IsReachable).Select(EndOf).FirstOrDefault((target, told.Port));
        var silence = $"a {Kind(told.Protocol)} to {told.Target} {Text(Answer.Silent)}";
        var reading = await SilenceReading.OfAsync(sender, To(source, told, address, port), silence, cancellationToken);
        return new ProbeFinding(reading.IsDenial ? told.Verdict == ReachVerdict.Unreachable : null, reading.Detail);
    }

    private static Connection To(ReachSource source, ReachExplanation told, IpAddr target, ushort port) =>
        new(source.Text, told.To, target.IsNone ? source.Addresses[0] : source.Of(target.Family), target, told.Protocol, port) { SourcePod = source.Pod };

    private static (IpAddr Address, ushort Port) EndOf(EndpointReach endpoint)
    {
        var colon = endpoint.Endpoint.LastIndexOf(':');
        return (IpAddr.Parse(endpoint.Endpoint[..colon].Trim('[', ']')), ushort.Parse(endpoint.Endpoint.AsSpan(colon + 1), CultureInfo.InvariantCulture));
    }

    private static string Kind(IpProtocol protocol) => protocol == IpProtocol.Tcp ? "TCP connection" : "datagram";

    private static string Text(Answer answer) => answer switch
    {
        Answer.Answered => "was answered",
        Answer.Refused => "was refused at once",
        Answer.Silent => "met silence",
        _ => "found no route",
    };
}
