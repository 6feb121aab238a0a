using System.Text.Json.Nodes;
using Fairlead.Balancer;
using Fairlead.Balancer.Announce;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Addresses;
using Fairlead.Testing;
using Fairlead.Tests.Controllers;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Balancer;

public sealed class AnswerRecorderTests
{
    private const string Address = "192.0.2.1";

    [Fact]
    public async Task Who_answers_is_written_on_the_Service_and_stays_when_a_lost_node_returns()
    {
        await using var cluster = await ControlledCluster.StartAsync(nodes: 2);
        var recorder = new AnswerRecorder(cluster.Api, TimeProvider.System, NullLogger.Instance);
        await using var running = new RunningLoop(null, recorder.RunAsync);
        await cluster.CreateAsync(ResourceTypes.Services, "default", """{ "metadata": { "name": "web" }, "spec": { "type": "LoadBalancer", "ports": [ { "port": 80 } ] } }""");
        await cluster.StatusAsync(ResourceTypes.Services, "default", "web", $$"""{ "loadBalancer": { "ingress": [ { "ip": "{{Address}}" } ] } }""");
        var owner = Owner("n1", "n2");
        var other = owner == "n1" ? "n2" : "n1";
        await UntilRecordedAsync(cluster, "web", owner);
        await SayAsync(cluster, owner, "False");
        await UntilRecordedAsync(cluster, "web", other);

        // A Service of its own shows when the recorder has seen the node return; one that it sees before that goes to the other, and another is asked for.
        await SayAsync(cluster, owner, "True");
        var deadline = Deadline.Token();
        for (var (i, seen) = (0, false); !seen; i++)
        {
            deadline.ThrowIfCancellationRequested();
            var late = $"late-{i}";
            await cluster.CreateAsync(ResourceTypes.Services, "default", $$"""{ "metadata": { "name": "{{late}}" }, "spec": { "type": "LoadBalancer", "ports": [ { "port": 80 } ] } }""");
            await cluster.StatusAsync(ResourceTypes.Services, "default", late, $$"""{ "loadBalancer": { "ingress": [ { "ip": "{{Late(owner)}}" } ] } }""");
            var services = await cluster.UntilAsync(ResourceTypes.Services, "default", items => Record(items, late).Length > 0);
            seen = Record(services, late).EndsWith($"={owner}", StringComparison.Ordinal);
            await cluster.DeleteAsync(ResourceTypes.Services, "default", late);
        }

        Assert.Equal($"{Address}={other}", Record(await cluster.GetAsync(ResourceTypes.Services, "default", "web")));
    }

    private static Task<JsonObject> SayAsync(ControlledCluster cluster, string node, string ready) =>
        cluster.StatusAsync(ResourceTypes.Nodes, "", node, $$"""{ "conditions": [ { "type": "Ready", "status": "{{ready}}" } ] }""");

    private static Task<IReadOnlyList<JsonObject>> UntilRecordedAsync(ControlledCluster cluster, string name, string node) => cluster.UntilAsync(ResourceTypes.Services, "default", items =>
        Record(items, name).EndsWith($"={node}", StringComparison.Ordinal));

    private static string Record(IReadOnlyList<JsonObject> services, string name) => Record(services.Single(item => item.Text("metadata", "name") == name));

    private static string Record(JsonObject service) => service.Text("metadata", "annotations", "fairlead.dev/answered-by");

    private static string Owner(params string[] nodes) => Owner(Address, nodes);

    private static string Owner(string address, string[] nodes) => Election.Owner(
        new ServiceRow { Key = new ObjectKey("default", "web") }, IpAddr.Parse(address), nodes.Select(name => new NodeRow { Name = name, Ready = true }), [])!;

    private static string Late(string owner) => Enumerable.Range(2, 200).Select(i => $"192.0.2.{i}").First(address => Owner(address, ["n1", "n2"]) == owner);
}
