using System.Text.Json.Nodes;
using Fairlead.ClusterTests.OneMachine;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.Demo;

/// <summary>A running cluster, and the demo run on it as a user runs it: the program, from outside.</summary>
public sealed class DemoFixture : ClusterFixture
{
    /// <inheritdoc/>
    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        Demo("/nowhere", "--only", "headless");
    }

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

    /// <summary>Stops a node's agent, so that it mends nothing meanwhile; what is returned lets it go on.</summary>
    public Action Freeze(int node)
    {
        var processes = JsonNode.Parse(Fairlead("status", "--name", Name, "-o", "json"))!["processes"]!.AsArray();
        var agent = $"{processes.Single(process => (string?)process!["name"] == $"agent {Nodes[node - 1]}")!["pid"]}";
        Tool.Run("kill", "-STOP", agent);
        return () => Tool.Run("kill", "-CONT", agent);
    }

    /// <summary>A field of an object, by JSONPath.</summary>
    public string Field(string ns, string what, string path) => Kubectl("get", "-n", ns, what, "-o", $"jsonpath={{{path}}}");

    /// <summary>The number of the node that a pod runs on.</summary>
    public int NodeOf(string ns, string pod) => Field(ns, $"pod/{pod}", ".spec.nodeName") == Nodes[0] ? 1 : 2;
}

/// <summary>What the demo said.</summary>
public sealed record DemoResult(int Code, string Document, IReadOnlyList<JsonObject> Results)
{
    /// <summary>What was tried by the checks that ended so: <c>ok</c>, <c>FAILED</c> or <c>not tried</c>.</summary>
    public IReadOnlyList<string> Tried(string verdict) => [.. Results.Where(result => (string?)result["verdict"] == verdict).Select(result => (string)result["tried"]!)];

    /// <summary>What was seen by one check.</summary>
    public string Seen(string tried) => (string)Results.Single(result => (string?)result["tried"] == tried)["seen"]!;
}
