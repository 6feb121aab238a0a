using System.Text.Json;
using Fairlead.Inspect;
using Fairlead.Proxy.Inspection;

namespace Fairlead.Tests.Inspect;

public sealed class InspectionTableTests
{
    private static readonly InspectedService Web = new()
    {
        Namespace = "shop",
        Name = "web",
        Type = "LoadBalancer",
        State = InspectedState.Differs,
        Reasons = ["10.96.0.1:80/tcp: missing: a", "10.96.0.1:80/tcp: stray: b"],
        FrontendCount = 2,
        EndpointCount = 2,
        Frontends =
        [
            new InspectedFrontend
            {
                Address = "10.96.0.1", Port = 80, Protocol = "TCP", PortName = "http", Kind = "ClusterIP", TrafficPolicy = "Cluster", EndpointCount = 2,
                State = InspectedState.Differs, Reasons = ["missing: a", "stray: b"],
                Endpoints =
                [
                    new InspectedEndpoint { Address = "10.244.0.5", Port = 8080, Pod = "shop/web-1", Node = "n1", Ready = true, Serving = true, Slot = 0, Why = "ready", State = InspectedState.InStep },
                    new InspectedEndpoint { Address = "10.244.0.6", Port = 8080, Node = "n1", Serving = true, Terminating = true, Why = "terminating; others are ready", State = InspectedState.Differs, Reasons = ["missing: a"] },
                ],
            },
            new InspectedFrontend
            {
                Address = "fd00::1", Port = 443, Protocol = "UDP", PortName = "", Kind = "LoadBalancer", TrafficPolicy = "Local", AffinitySeconds = 10800, EndpointCount = 2, LocalEndpointCount = 1,
                SourceRanges = ["fd01::/64", "fd02::/64"], State = InspectedState.InStep,
                Endpoints =
                [
                    new InspectedEndpoint { Address = "fd02::7", Port = 8080, Slot = 1, LocalSlot = null, Why = "ready", LocalWhy = "policy Local: on another node", State = InspectedState.InStep },
                ],
            },
        ],
    };

    private static readonly NodeAnswer[] Answers =
    [
        new() { Node = "n1", Services = [Web] },
        new() { Node = "node-2", Services = [Web with { Name = "quiet", Type = "", State = InspectedState.NotProxied, Reasons = ["headless"], FrontendCount = 0, EndpointCount = 0, Frontends = [] }] },
    ];

    [Fact]
    public void Services_are_rows_and_wide_tells_every_reason()
    {
        Assert.Equal(
            """
            NODE     NAMESPACE   NAME    TYPE           FRONTENDS   ENDPOINTS   STATE        WHY
            n1       shop        web     LoadBalancer   2           2           Differs      10.96.0.1:80/tcp: missing: a (and 1 more)
            node-2   shop        quiet   <none>         0           0           NotProxied   headless
            """,
            Text(InspectionDepth.Services));
        Assert.Contains("Differs      10.96.0.1:80/tcp: missing: a; 10.96.0.1:80/tcp: stray: b\n", Text(InspectionDepth.Services, isWide: true), StringComparison.Ordinal);
    }

    [Fact]
    public void Frontends_are_rows()
    {
        Assert.Equal(
            """
            NODE   NAMESPACE   SERVICE   FRONTEND            KIND           POLICY    AFFINITY   ENDPOINTS     STATE     WHY
            n1     shop        web       10.96.0.1:80/tcp    ClusterIP      Cluster   <none>     2             Differs   missing: a (and 1 more)
            n1     shop        web       [fd00::1]:443/udp   LoadBalancer   Local     10800s     2 (1 local)   InStep
            """,
            Text(InspectionDepth.Frontends));
        Assert.Equal(
            """
            NODE   NAMESPACE   SERVICE   FRONTEND            PORT     KIND           POLICY    AFFINITY   SOURCES               ENDPOINTS     STATE     WHY
            n1     shop        web       10.96.0.1:80/tcp    http     ClusterIP      Cluster   <none>     all                   2             Differs   missing: a; stray: b
            n1     shop        web       [fd00::1]:443/udp   <none>   LoadBalancer   Local     10800s     fd01::/64,fd02::/64   2 (1 local)   InStep
            """,
            Text(InspectionDepth.Frontends, isWide: true));
    }

    [Fact]
    public void Endpoints_are_rows() => Assert.Equal(
        """
        NODE   NAMESPACE   SERVICE   FRONTEND            ENDPOINT          POD          ON       CONDITIONS            SLOT     LOCAL-SLOT   STATE     WHY
        n1     shop        web       10.96.0.1:80/tcp    10.244.0.5:8080   shop/web-1   n1       Ready                 0        <none>       InStep    ready
        n1     shop        web       10.96.0.1:80/tcp    10.244.0.6:8080   <none>       n1       Serving,Terminating   <none>   <none>       Differs   missing: a
        n1     shop        web       [fd00::1]:443/udp   [fd02::7]:8080    <none>       <none>   NotReady              1        <none>       InStep    ready; from outside: policy Local: on another node
        """,
        Text(InspectionDepth.Endpoints, isWide: true));

    [Fact]
    public void Nothing_has_no_header() => Assert.Empty(InspectionTable.Lines([new NodeAnswer { Node = "n1" }], InspectionDepth.Services, isWide: false));

    [Fact]
    public void A_node_is_in_step_when_it_answers_without_a_problem_and_every_service_is()
    {
        var quiet = Answers[1];
        Assert.True(quiet.InStep);
        Assert.False(Answers[0].InStep);
        Assert.False((quiet with { Problems = ["all Services: missing: chain inside"] }).InStep);
        Assert.False((quiet with { Error = "its agent does not answer" }).InStep);
    }

    [Fact]
    public void What_goes_over_the_wire_comes_back_as_it_was()
    {
        var text = JsonSerializer.Serialize(Web, InspectJson.Default.InspectedService);
        var back = JsonSerializer.Deserialize(text, InspectJson.Default.InspectedService)!;
        Assert.Equal(text, JsonSerializer.Serialize(back, InspectJson.Default.InspectedService));
        Assert.Contains("\"state\":\"Differs\"", text, StringComparison.Ordinal);
        Assert.Contains("\"slot\":0,", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', text);
    }

    private static string Text(InspectionDepth depth, bool isWide = false) => string.Join('\n', InspectionTable.Lines(Answers, depth, isWide));
}
