using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.State;
using Fairlead.Testing.Ingresses;

namespace Fairlead.Tests.Ingress.Translate;

/// <summary>The scenario files, asked of the compiled routes.</summary>
public sealed class IngressScenarioTests
{
    public static TheoryData<string> Files => [.. IngressScenario.Names];

    [Theory]
    [MemberData(nameof(Files))]
    public void Scenario(string name)
    {
        using var world = new RoutingWorld();
        world.Cluster.IngressClasses.Delete(RoutingWorld.OurClass);
        foreach (var step in IngressScenario.Load(name))
        {
            Take(world, step);
        }
    }

    /// <summary>All scenarios of ingress-controller-conformance: 1 with 6 examples, 6, 1, 1 and 16.</summary>
    [Fact]
    public void No_scenario_of_the_conformance_suite_is_missing() => Assert.Equal(
        6 + 6 + 1 + 1 + 16,
        IngressScenario.Names.Where(name => name.StartsWith("conformance-", StringComparison.Ordinal)).SelectMany(IngressScenario.Load).OfType<TitleStep>().Distinct().Count());

    private static void Take(RoutingWorld world, IngressStep step)
    {
        switch (step)
        {
            case ServiceStep service:
                Add(world, service);
                break;
            case DocumentsStep documents:
                documents.Documents.ToList().ForEach(document => world.Apply(document, documents.IsDeletion));
                break;
            case UnservedStep unserved:
                Assert.Null(world.Run().Tables.Served.Get(unserved.Ingress));
                break;
            case RequestStep request:
                Assert.Equal((request, Expected(request)), (request, Seen(world.Run(), request)));
                break;
            default:
                Assert.IsType<TitleStep>(step);
                break;
        }
    }

    private static string Expected(RequestStep request) => request.Status != 200 ? $"{request.Status}"
        : $"{request.Ingress} {request.Service}{(request.Endpoints > 0 ? $" x{request.Endpoints}" : "")}{(request.Scheme == "https" ? " with a certificate" : "")}";

    private static string Seen(RoutingWorld world, RequestStep request)
    {
        if (world.Tables.Routes.Match(request.Host, request.Path) is not { } route)
        {
            return "404";
        }

        var endpoints = route.Backend.State.Endpoints.Count;
        var certificate = request.Scheme == "https" && world.Tables.Certificates.Get(request.Host) is not null ? " with a certificate" : "";
        return endpoints == 0 ? "503" : $"{route.Ingress} {route.Backend.Key.Service.Name}{(request.Endpoints > 0 ? $" x{endpoints}" : "")}{certificate}";
    }

    private static void Add(RoutingWorld world, ServiceStep step)
    {
        world.Cluster.Services.Upsert(step.Service, new ServiceRow { Key = step.Service, Ports = [new ServicePort(step.PortName, IpProtocol.Tcp, step.Port, 0, $"{step.Port}", "")] });
        world.Cluster.EndpointSlices.Upsert(step.Service, new EndpointSliceRow
        {
            Key = step.Service,
            Service = step.Service,
            Ports = [new EndpointPort(step.PortName, IpProtocol.Tcp, step.Port)],
            Endpoints = Enumerable.Range(1, step.Endpoints).Select(i => new SliceEndpoint { Address = IpAddr.Parse($"10.244.0.{i}") }).ToValueArray(),
        });
    }
}
