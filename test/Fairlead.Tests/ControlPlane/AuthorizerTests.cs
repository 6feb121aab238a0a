using Fairlead.ControlPlane.Http;

namespace Fairlead.Tests.ControlPlane;

/// <summary>What a node's agent may read of kinds that not every server has.</summary>
public sealed class AuthorizerTests
{
    private static readonly Caller Agent = new("system:node:n1", [Authorizer.Nodes]);

    [Theory]
    [InlineData("networking.k8s.io", "servicecidrs", "watch", true)]
    [InlineData("policy.networking.k8s.io", "clusternetworkpolicies", "list", true)]
    [InlineData("multicluster.x-k8s.io", "serviceimports", "get", true)]
    [InlineData("multicluster.x-k8s.io", "serviceimports", "watch", true)]
    [InlineData("multicluster.x-k8s.io", "serviceimports", "create", false)]
    [InlineData("multicluster.x-k8s.io", "serviceexports", "list", false)]
    public void An_agent_reads_what_its_rooms_need_and_nothing_else(string group, string resource, string verb, bool allowed) =>
        Assert.Equal(allowed, Authorizer.Allows(Agent, new AccessRequest(verb, group, resource, "", "")));
}
