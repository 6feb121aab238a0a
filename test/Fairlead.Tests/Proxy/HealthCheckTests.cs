using Fairlead.Cluster.Model;
using Fairlead.Kube.Selectors;
using Fairlead.Linux.Addresses;
using Fairlead.Proxy;
using Fairlead.Proxy.Compile;
using Fairlead.Proxy.Health;
using Fairlead.State;

namespace Fairlead.Tests.Proxy;

/// <summary>What a health check node port answers, from Service and slices.</summary>
public sealed class HealthCheckTests
{
    private static readonly ObjectKey Web = new("shop", "web");

    private static readonly ServiceRow Service = new()
    {
        Key = Web,
        Type = ServiceType.LoadBalancer,
        ClusterIPs = [IpAddr.Parse("10.96.0.1")],
        ExternalLocal = true,
        HealthCheckNodePort = 32_000,
        Ports = [new ServicePort("a", IpProtocol.Tcp, 80, 30_080, "", ""), new ServicePort("b", IpProtocol.Tcp, 81, 30_081, "", "")],
    };

    private readonly ProxyCompiler _compiler = new(new ProxyOptions { NodeName = "n1" });

    [Fact]
    public void Ready_endpoints_of_this_node_count_once_each()
    {
        var change = Update(Service, Pod(1), Pod(2), Pod(3) with { NodeName = "n2" }, Pod(4) with { Ready = false });
        Assert.Equal(new HealthCheckRow(32_000, 2), change.HealthChecks[Web]);
    }

    [Fact]
    public void Endpoints_that_only_serve_while_they_terminate_take_traffic_and_do_not_count()
    {
        Update(Service, Pod(1));
        var change = Update(Service, Pod(1) with { Ready = false, Serving = true, Terminating = true });
        Assert.Equal(new HealthCheckRow(32_000, 0), change.HealthChecks[Web]);

        // The kernel's part stays as it is.
        Assert.True(change.IsEmpty);
        Assert.All(_compiler.Plan.Values, frontend => Assert.Single(frontend.Endpoints));
    }

    [Fact]
    public void Without_a_local_policy_or_without_the_service_there_is_none()
    {
        Update(Service, Pod(1));
        Assert.Null(Assert.Single(Update(Service with { ExternalLocal = false }, Pod(1)).HealthChecks).Value);
        Update(Service, Pod(1));
        Assert.Null(Assert.Single(Update(null, Pod(1)).HealthChecks).Value);
        Update(Service, Pod(1));
        Assert.Null(Assert.Single(Update(Service with { Labels = Labels.From([new("service.kubernetes.io/service-proxy-name", "other")]) }, Pod(1)).HealthChecks).Value);
    }

    [Fact]
    public void What_stays_is_no_change()
    {
        Update(Service, Pod(1));
        Assert.Empty(Update(Service with { AffinitySeconds = 5 }, Pod(1)).HealthChecks);
    }

    private static SliceEndpoint Pod(int number) => new() { Address = IpAddr.Parse($"10.244.0.{number}"), NodeName = "n1" };

    private PlanChange Update(ServiceRow? service, params SliceEndpoint[] endpoints)
    {
        var slice = new EndpointSliceRow
        {
            Key = Web,
            Service = Web,
            Ports = [new EndpointPort("a", IpProtocol.Tcp, 8080), new EndpointPort("b", IpProtocol.Tcp, 8081)],
            Endpoints = endpoints.ToValueArray(),
        };
        return _compiler.Update([new(Web, null, service)], [new(Web, null, slice)], new NodeView("n1", "", [IpAddr.Parse("172.30.0.11")], default));
    }
}
