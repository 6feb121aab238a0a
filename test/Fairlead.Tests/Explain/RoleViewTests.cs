using System.Text.Json.Nodes;
using Fairlead.Cluster;
using Fairlead.Commands;
using Fairlead.Explain.Http;
using Fairlead.Kube.Yaml;
using Fairlead.Terminal;

namespace Fairlead.Tests.Explain;

/// <summary>Who serves Ingresses, as objects say; and command lines of what asks for them.</summary>
public sealed class RoleViewTests
{
    [Fact]
    public void What_a_pod_is_told_is_read_of_its_arguments_and_its_environment()
    {
        var role = RoleView.Of(HttpWorld.Pods, null, new ClusterTables(), null);
        Assert.Equal((true, "n1", 1), (role.Options.ServesWithoutClass, role.Options.NodeName, role.Ready));
        Assert.Equal("pod kube-system/fairlead-ingress-1 on node n1: 1 of 1 ready, at no address", role.Words);
    }

    [Fact]
    public void Whether_nobody_serves_is_told_from_whether_it_is_not_known()
    {
        var scaled = (JsonObject)YamlReader.ReadAll(new StringReader("{kind: Deployment, spec: {replicas: 0, template: {spec: {containers: [{args: [ingress, --controller, example.org/mine]}]} } } }")).Single();
        var unready = (JsonObject)HttpWorld.Pods[0].DeepClone();
        unready["status"]!["conditions"] = null;

        var (none, rest, waiting) = (RoleView.Of([], null, new ClusterTables(), null), RoleView.Of([], scaled, new ClusterTables(), null), RoleView.Of([unready], null, new ClusterTables(), null));
        Assert.Null(none.IsServing);
        Assert.Equal((false, "nobody serves Ingresses: Deployment kube-system/fairlead-ingress is scaled to 0", "example.org/mine"), (rest.IsServing, rest.Words, rest.Options.Controller));
        Assert.Equal((false, "no pod that serves Ingresses is ready: kube-system/fairlead-ingress-1, at no address"), (waiting.IsServing, waiting.Words));
    }

    [Theory]
    [InlineData("", "explain", "http://a.example/x?y=z")]
    [InlineData("", "explain", "https://a.example:8443", "--probe", "-f", ".")]
    [InlineData("", "explain", "web", "svc/api")]
    [InlineData("a URL is explained by itself: nothing follows it", "explain", "http://a.example/", "svc/api")]
    [InlineData("Required argument 'to' missing", "explain", "web")]
    [InlineData("Required argument 'from' missing", "explain")]
    [InlineData("ftp://a.example/ is no URL that can be explained", "explain", "ftp://a.example/")]
    [InlineData("--exec is for connections of pods", "explain", "http://a.example/", "--exec")]
    [InlineData("", "inspect", "routes", "a.example", "-o", "yaml")]
    public void A_command_line_is_understood_or_said_to_be_wrong(string error, params string[] arguments)
    {
        var errors = RootCommandFactory.Create(new Output()).Parse(arguments).Errors.Select(one => one.Message).ToList();
        if (error.Length == 0)
        {
            Assert.Empty(errors);
        }
        else
        {
            Assert.Contains(errors, message => message.Contains(error, StringComparison.Ordinal));
        }
    }
}
