using System.Globalization;
using System.Net;
using Fairlead.Demo;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Namespaces;
using Fairlead.OneMachine;

namespace Fairlead.Explain.Reach;

/// <summary>Sends real packets the way that was explained, and says whether they met what was explained.</summary>
/// <param name="spec">The cluster; null: it is none of this machine's, and packets cannot be sent from its pods.</param>
internal sealed class RealPacket(ClusterSpec? spec)
{
    private const int MostTries = 64;
    private const int TriesPerEndpoint = 8;
    private const ushort DnsPort = 53;

    /// <summary>Sends and compares.</summary>
    public async Task<ProbeFinding> SendAsync(ReachSource source, ReachExplanation told, CancellationToken cancellationToken)
    {
        if (spec is null)
        {
            return new ProbeFinding(null, "no packet can be sent from the pods of a cluster that is not on this machine: run it on the machine that `fairlead up` runs on");
        }

        if (told.Protocol is not (IpProtocol.Tcp or IpProtocol.Udp))
        {
            return new ProbeFinding(null, $"no {told.Protocol.ToString().ToUpperInvariant()} packet can be sent from here");
        }

        if (Place(source) is not { } vantage)
        {
            return new ProbeFinding(null, $"the network namespace of {source.Text} is not here, or not this user's: run it with sudo");
        }

        if (told.Name.Length > 0 && await UnresolvedAsync(vantage, told, cancellationToken) is { } unresolved)
        {
            return new ProbeFinding(told.Verdict == ReachVerdict.Unreachable, unresolved);
        }

        var addresses = told.Address.IsNone ? [.. told.Endpoints.Select(endpoint => endpoint.Endpoint[..endpoint.Endpoint.LastIndexOf(':')].Trim('[', ']'))] : new[] { told.Address.ToString() };
        if (addresses.Length == 0 || told.Port == 0)
        {
            return new ProbeFinding(told.Verdict == ReachVerdict.Unreachable, "there is no address to send a packet to");
        }

        var tries = told.Verdict == ReachVerdict.Partly ? Math.Min(MostTries, TriesPerEndpoint * told.Endpoints.Count) : told.Address.IsNone ? addresses.Length : 1;
        var outcomes = await Task.WhenAll(Enumerable.Range(0, tries)
            .Select(number => OnceAsync(vantage, new IPEndPoint(IPAddress.Parse(addresses[number % addresses.Length]), told.Port), told.Protocol, cancellationToken)));
        return Judge(told, outcomes);
    }

    /// <summary>What the outcomes prove.</summary>
    internal static ProbeFinding Judge(ReachExplanation told, IReadOnlyList<Outcome> outcomes)
    {
        var answered = outcomes.Count(outcome => outcome == Outcome.Answered);
        var what = outcomes.Count == 1
            ? $"a {Kind(told.Protocol)} to {told.Target} {Text(outcomes[0])}"
            : answered == outcomes.Count ? $"all of {answered} {Kind(told.Protocol)}s to {told.Target} were answered"
            : string.Create(CultureInfo.InvariantCulture, $"{answered} of {outcomes.Count} {Kind(told.Protocol)}s to {told.Target} were answered; of the others one {Text(outcomes.FirstOrDefault(outcome => outcome != Outcome.Answered))}");

        // Nobody has to answer a datagram: silence proves nothing where an answer was to be expected.
        var silent = told.Protocol == IpProtocol.Udp && outcomes.All(outcome => outcome is Outcome.Answered or Outcome.Silent);
        return new ProbeFinding(
            told.Verdict switch
            {
                ReachVerdict.Reachable => answered == outcomes.Count ? true : silent ? null : false,
                ReachVerdict.Partly => answered > 0 && answered < outcomes.Count ? true : silent && answered == 0 ? null : false,
                _ => answered == 0,
            },
            what);
    }

    private static string Kind(IpProtocol protocol) => protocol == IpProtocol.Tcp ? "TCP connection" : "datagram";

    private static string Text(Outcome outcome) => outcome switch
    {
        Outcome.Answered => "was answered",
        Outcome.Refused => "refused at once",
        Outcome.Silent => "met silence",
        _ => "found no route",
    };

    private Vantage? Place(ReachSource source)
    {
        var paths = new ClusterPaths(spec!.Name);
        var netns = source.IsOutside ? source.Addresses.All(address => spec.Ranges.Any(ranges => ranges.Host == address)) ? "/proc/self/ns/net" : ""
            : source.Pod is { HostNetwork: false } pod ? ReachRun.Netns(paths, pod)
            : Enumerable.Range(1, spec.Nodes).Where(number => spec.NodeName(number) == source.NodeName).Select(number => NetNamespace.NamedPath(spec.NodeNamespace(number))).FirstOrDefault() ?? "";
        return !File.Exists(netns) ? null : new Vantage(source.Text, netns, source.Addresses[0].ToIPAddress())
        {
            ResolvConf = source.Pod is { } own ? Path.Combine(paths.Sandbox(own.Key.Namespace, own.Key.Name, own.Uid), "files", "resolv.conf") : "",
        };
    }

    /// <summary>Null: the name is found.</summary>
    private static async Task<string?> UnresolvedAsync(Vantage vantage, ReachExplanation told, CancellationToken cancellationToken)
    {
        var found = await Resolver.ResolveAsync(vantage, told.Name, tcp: false, cancellationToken);
        return found.Addresses.Count > 0 ? null : $"{told.Name} was not found: {found}";
    }

    private static async Task<Outcome> OnceAsync(Vantage from, IPEndPoint to, IpProtocol protocol, CancellationToken cancellationToken) =>
        protocol == IpProtocol.Tcp ? await Probe.ConnectAsync(from, to, cancellationToken)
        : await Probe.DatagramAsync(from, to, to.Port == DnsPort ? DnsMessage.Question(1, "kubernetes.default.svc.cluster.local", v6: false) : [(byte)'?'], cancellationToken);
}
