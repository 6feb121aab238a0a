using Fairlead.ControlPlane.Http;

namespace Fairlead.Tests.ControlPlane;

/// <summary>What a node's agent may read of kinds that not every server has, and what the ingress role may do.</summary>
public sealed class AuthorizerTests
{
    private static readonly Caller Ingress = new(Authorizer.Ingress, ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"]);
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

    [Theory]
    [InlineData("", "services", "list", true)]
    [InlineData("", "services", "update", false)]
    [InlineData("", "nodes", "watch", true)]
    [InlineData("", "secrets", "watch", true)]
    [InlineData("", "secrets", "create", false)]
    [InlineData("", "configmaps", "get", false)]
    [InlineData("", "pods", "list", false)]
    [InlineData("", "namespaces", "list", false)]
    [InlineData("", "serviceaccounts/token", "create", false)]
    [InlineData("discovery.k8s.io", "endpointslices", "watch", true)]
    [InlineData("discovery.k8s.io", "endpointslices", "patch", false)]
    [InlineData("networking.k8s.io", "ingresses", "get", true)]
    [InlineData("networking.k8s.io", "ingresses", "patch", false)]
    [InlineData("networking.k8s.io", "ingresses", "delete", false)]
    [InlineData("networking.k8s.io", "ingresses/status", "patch", true)]
    [InlineData("networking.k8s.io", "ingresses/status", "update", true)]
    [InlineData("networking.k8s.io", "ingressclasses", "list", true)]
    [InlineData("networking.k8s.io", "ingressclasses", "update", false)]
    [InlineData("networking.k8s.io", "networkpolicies", "list", false)]
    [InlineData("", "events", "create", true)]
    [InlineData("", "events", "list", false)]
    public void The_ingress_role_reads_what_it_serves_by_and_writes_status_and_events(string group, string resource, string verb, bool allowed)
    {
        var request = new AccessRequest(verb, group, resource, "shop", "x");
        Assert.Equal(allowed, Authorizer.Allows(Ingress, request));
        foreach (var other in (string[])["system:serviceaccount:default:fairlead-ingress", "system:serviceaccount:kube-system:default"])
        {
            Assert.False(Authorizer.Allows(Ingress with { User = other }, request));
        }
    }
}
