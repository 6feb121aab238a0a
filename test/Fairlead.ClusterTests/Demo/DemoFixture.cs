using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Fairlead.ClusterTests.OneMachine;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.Demo;

/// <summary>A cluster that the demo itself starts, and the demo run on it as a user runs it: the program, from outside.</summary>
public sealed partial class DemoFixture : ClusterFixture
{
    /// <summary>Names of the two nodes.</summary>
    public IReadOnlyList<string> Nodes => [$"{Name}-1", $"{Name}-2"];

    /// <summary>Runs the demo and reads its document.</summary>
    /// <param name="path">The PATH it has, which decides whether there is a kubectl.</param>
    /// <param name="arguments">What follows <c>demo</c>.</param>
    public DemoResult Demo(string path, params string[] arguments)
    {
        var (code, output, error) = Outside("env", [$"PATH={path}", Program, "demo", "--name", Name, "-o", "json", .. arguments]);
        return code is 0 or 1 && output.StartsWith('{')
            ? new DemoResult(code, output, [.. JsonNode.Parse(output)!["results"]!.AsArray().Select(result => result!.AsObject())])
            : throw new InvalidOperationException($"demo: exit {code}: {error}{output}");
    }

    /// <summary>Runs something in a node's network namespace.</summary>
    public string OnNode(int node, params string[] command) => Tool.Run("nsenter", [$"--net=/run/netns/fairlead-{Name}-node-{node}", .. command]);

    /// <summary>Runs something in a pod's network namespace, whatever namespace of Kubernetes it is of.</summary>
    public string InPodOf(string ns, string pod, params string[] command) =>
        Tool.Run("nsenter", [$"--net=/run/fairlead/{Name}/pods/{ns}_{pod}_{Field(ns, $"pod/{pod}", ".metadata.uid")}/net", .. command]);

    /// <summary>The TCP socket that listens at an address of a node, as its first holder has it.</summary>
    public HeldSocket Listener(int node, string address)
    {
        var holder = HolderPattern().Match(OnNode(node, "ss", "-Htlnp", "src", address));
        return new HeldSocket(holder.Groups["pid"].Value, holder.Groups["fd"].Value);
    }

    /// <summary>Stops a node's agent, so that it mends nothing meanwhile; what is returned lets it go on.</summary>
    public Action Freeze(int node)
    {
        var agent = $"{Processes()[$"agent {Nodes[node - 1]}"]}";
        Tool.Run("kill", "-STOP", agent);
        return () => Tool.Run("kill", "-CONT", agent);
    }

    /// <inheritdoc/>
    protected override string Start() => Demo("/nowhere", "--only", "headless").Document;

    /// <summary>A field of an object, by JSONPath.</summary>
    public string Field(string ns, string what, string path) => Kubectl("get", "-n", ns, what, "-o", $"jsonpath={{{path}}}");

    /// <summary>The number of the node that a pod runs on.</summary>
    public int NodeOf(string ns, string pod) => Field(ns, $"pod/{pod}", ".spec.nodeName") == Nodes[0] ? 1 : 2;

    [GeneratedRegex(@"pid=(?<pid>\d+),fd=(?<fd>\d+)")]
    private static partial Regex HolderPattern();
}

/// <summary>A socket as a process holds it.</summary>
/// <param name="Pid">The process.</param>
/// <param name="Descriptor">The socket's number there.</param>
public sealed record HeldSocket(string Pid, string Descriptor)
{
    private const string Again =
        """
        open(my $socket, '+<&=', syscall(438, syscall(434, $ARGV[0] + 0, 0), $ARGV[1] + 0, 0)) or die "pidfd_getfd: $!";
        connect($socket, pack('S x14', 0)) or die "connect: $!";
        listen($socket, 256) or die "listen: $!";
        """;

    /// <summary>
    /// Lets a socket that was closed under its holder's hands listen again: pidfd_open(2), pidfd_getfd(2), connect(2) to AF_UNSPEC, which forgets that it
    /// was closed, listen(2).
    /// </summary>
    public void ListenAgain() => Tool.Run("perl", "-e", Again, Pid, Descriptor);
}

/// <summary>What the demo said.</summary>
public sealed record DemoResult(int Code, string Document, IReadOnlyList<JsonObject> Results)
{
    /// <summary>What was tried by the checks that ended so: <c>ok</c>, <c>FAILED</c> or <c>not tried</c>.</summary>
    public IReadOnlyList<string> Tried(string verdict) => [.. Results.Where(result => (string?)result["verdict"] == verdict).Select(result => (string)result["tried"]!)];

    /// <summary>What was seen by one check.</summary>
    public string Seen(string tried) => (string)Results.Single(result => (string?)result["tried"] == tried)["seen"]!;
}
