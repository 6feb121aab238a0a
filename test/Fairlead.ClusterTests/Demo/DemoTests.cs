using System.Text.Json.Nodes;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.Demo;

/// <summary>The demo on a cluster that nothing is wrong with.</summary>
public sealed class DemoTests(DemoFixture cluster) : IClassFixture<DemoFixture>
{
    /// <summary>With the kubectl that the tests use, wherever it is.</summary>
    private static readonly string Path = string.Join(
        ':', System.IO.Path.GetDirectoryName(Environment.GetEnvironmentVariable("FAIRLEAD_KUBECTL") ?? ""), Environment.GetEnvironmentVariable("PATH"));

    [Fact]
    public void Every_statement_of_the_lesson_holds_twice_over()
    {
        var first = cluster.Demo(Path);
        var second = cluster.Demo(Path);

        Assert.True(first.Code == 0, first.Document);
        Assert.True(second.Code == 0, second.Document);
        Assert.True(first.Results.Count >= 30);
        Assert.Equal(
            ["network", "clusterip", "nodeport", "loadbalancer", "ingress", "headless", "dns", "policy", "takeaways"],
            first.Results.Select(result => (string)result["heading"]!).Distinct());
        Assert.Equal(first.Tried("ok"), second.Tried("ok"));
        Assert.Equal(first.Results.Count, first.Tried("ok").Count);
        Assert.Empty(NamedInTheLessonsTable().Except(first.Tried("ok")));
        Assert.All(first.Results, ShowsBothViews);
    }

    /// <summary>
    /// What a line says of the packets it tried: each end as the client has it; who answered and whom it saw, or that nobody did; of a question, the answer.
    /// </summary>
    private static void ShowsBothViews(JsonObject result)
    {
        var (tried, seen) = ((string)result["tried"]!, (string)result["seen"]!);
        const string Client = @"\S+ \d+\.\d+\.\d+\.\d+:\d+ → \d+\.\d+\.\d+\.\d+:\d+";
        var pattern = tried switch
        {
            _ when tried.Contains("://shop.example", StringComparison.Ordinal) || tried.Contains("://other.example", StringComparison.Ordinal) =>
                $@"{Client} for https?://(shop\.example/\S*; \S+ at \d+\.\d+\.\d+\.\d+:\d+ on \S+ saw https?://shop\.example/\S* by \d+\.\d+\.\d+\.\d+:\d+ for \d+|other\.example/: 404)",
            _ when tried.StartsWith("kubectl ", StringComparison.Ordinal) => @"Address: \d+\.\d+\.\d+\.\d+:53 Name: ",
            _ when tried.StartsWith("a Service that asks for", StringComparison.Ordinal) => "",
            _ when tried.Contains(" asks ", StringComparison.Ordinal) || tried is "the same over TCP" || tried.StartsWith("every Service", StringComparison.Ordinal) =>
                $@"{Client}( over TCP)?: \S+ = ",
            _ when tried.Contains('→', StringComparison.Ordinal) =>
                $@"{Client}; \S+ at \d+\.\d+\.\d+\.\d+:\d+ on \S+ saw \d+\.\d+\.\d+\.\d+:\d+, source (kept|replaced)|^\S+ [\d.]+ → [\d.]+:\d+: (refused|no answer|no route)$",
            _ => "",
        };
        Assert.Matches(pattern, seen);
    }

    /// <summary>The checks that the README of the lesson names beside each of its statements.</summary>
    private IReadOnlyList<string> NamedInTheLessonsTable()
    {
        var rows = File.ReadLines(System.IO.Path.Combine(Checkout.Root, "examples/lesson/README.md")).SkipWhile(line => line != "| the lesson | the check |").Skip(2).TakeWhile(line => line.StartsWith('|')).ToList();
        Assert.True(rows.Count >= 30);
        return [.. rows.Select(row => row.Split(" | ")[1]).SelectMany(names => names.Split('`').Where((_, i) => i % 2 == 1))
            .Select(name => name.Replace("fairlead-", $"{cluster.Name}-", StringComparison.Ordinal))];
    }

    [Fact]
    public void Without_kubectl_the_one_check_that_names_it_says_so_and_nothing_fails()
    {
        var result = cluster.Demo("/nowhere", "--only", "dns");

        var tried = Assert.Single(result.Tried("not tried"));
        Assert.StartsWith("kubectl run dns-test", tried, StringComparison.Ordinal);
        Assert.Contains("no kubectl on PATH", result.Seen(tried), StringComparison.Ordinal);
        Assert.Equal(0, result.Code);
    }

    [Fact]
    public void A_line_shows_what_the_client_and_the_server_saw_and_the_end_how_to_go_on()
    {
        var lines = cluster.Fairlead("demo", "lesson", "--name", cluster.Name, "--only", "clusterip").Split('\n');

        var line = Assert.Single(lines, line => line.Contains($"a pod on {cluster.Nodes[0]} → api-service:80 ", StringComparison.Ordinal));
        Assert.Matches(@"^  ok +\d+ ms  .* \| expected: .* \| seen: \S+ 10\.244\.\d+\.\d+:\d+ → 10\.\S+:80; api-server-\S+ at 10\.244\.\d+\.\d+:8080 on \S+ saw 10\.244\.\d+\.\d+:\d+, source kept$", line);
        Assert.Contains(lines, line => line.Contains(" checks, 0 failed, in ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains($"fairlead down --name {cluster.Name}", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("  kubectl ", StringComparison.Ordinal));
    }

    [Fact]
    public void It_starts_a_cluster_where_none_runs_and_leaves_it_running_with_the_lessons_objects_and_nothing_else()
    {
        cluster.Demo("/nowhere", "--only", "network", "nodeport", "takeaways");

        Assert.StartsWith($"cluster {cluster.Name}: ready\n", cluster.Fairlead("status", "--name", cluster.Name), StringComparison.Ordinal);
        var services = cluster.Kubectl("get", "services", "-A", "-o", "jsonpath={.items[*].metadata.name}").Split(' ');
        var pods = JsonNode.Parse(cluster.Kubectl("get", "pods", "-A", "-o", "json"))!["items"]!.AsArray();

        Assert.Equal(["api-service", "api-service", "fairlead-ingress", "kube-dns", "kubernetes", "postgres-headless", "soon-service", "web-service-lb", "web-service-nodeport"], services.Order());
        Assert.Equal(12, pods.Count);
        Assert.Equal("shop", cluster.Kubectl("get", "ingresses", "-A", "-o", "jsonpath={.items[*].metadata.name}"));
        Assert.Equal("api-network-policy", cluster.Kubectl("get", "networkpolicies", "-A", "-o", "jsonpath={.items[*].metadata.name}"));
    }
}
