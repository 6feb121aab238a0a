using System.Text.Json.Nodes;
using Fairlead.Cluster.Model;
using Fairlead.Ingress;
using Fairlead.Ingress.Status;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Ingress;

/// <summary>What of an Ingress is not served as it is written, in Events on it.</summary>
public sealed class FindingEventsTests : IAsyncLifetime
{
    private static readonly ObjectKey Web = new("default", "web");
    private static readonly ObjectKey Api = new("default", "api");
    private static readonly ObjectKey Secret = new("default", "cert");
    private static readonly IngressFinding Conflict = new("Conflict", "path / of example.org is that of default/older");
    private static readonly IngressFinding Unknown = new("AnnotationUnknown", "nginx.ingress.kubernetes.io/server-snippet is not understood");

    private readonly IngressTables _tables = new();
    private IngressApi _world = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await IngressApi.StartAsync();
        await _world.IngressAsync("web");
        await _world.IngressAsync("api");
        await _world.UntilAsync(() => Task.FromResult(_world.Cluster.Ingresses.Get(Web) is not null && _world.Cluster.Ingresses.Get(Api) is not null));
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task A_finding_is_a_warning_on_the_Ingress_once_however_many_replicas_and_whatever_else_appears()
    {
        Start();
        Start();
        _tables.Served.Upsert(Web, new ServedIngressRow([Conflict], []));
        var only = Assert.Single(await _world.EventsAsync(1));
        Assert.Equal(
            ("Warning", "Conflict", Conflict.Message, "Ingress", "web", "default", "fairlead-ingress"),
            (Text(only, "type"), Text(only, "reason"), Text(only, "message"), Text(only["involvedObject"]!, "kind"), Text(only["involvedObject"]!, "name"),
                Text(only["metadata"]!, "namespace"), Text(only, "reportingComponent")));
        Assert.Equal(_world.Cluster.Ingresses.Get(Web)!.Uid, Text(only["involvedObject"]!, "uid"));

        _tables.Served.Upsert(Web, new ServedIngressRow([Conflict, Unknown], []));
        var both = await _world.EventsAsync(2);
        Assert.Equal(["AnnotationUnknown", "Conflict"], both.Select(one => Text(one, "reason")).Order());
        Assert.All(both, one => Assert.Equal(1, (int)one["count"]!));

        // Neither what goes nor what stays is told; the same text of another Ingress is.
        _tables.Served.Upsert(Web, new ServedIngressRow([Unknown], []));
        _tables.Served.Upsert(Api, new ServedIngressRow([Conflict], []));
        Assert.Equal(["api", "web", "web"], (await _world.EventsAsync(3)).Select(one => Text(one["involvedObject"]!, "name")).Order());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_Secret_that_is_no_certificate_is_told_on_every_Ingress_that_names_it_whichever_is_known_first(bool problemFirst)
    {
        Start();
        if (problemFirst)
        {
            _tables.CertificateProblems.Upsert(Secret, new CertificateProblemRow("tls.key is not the key of tls.crt"));
        }

        _tables.Served.Upsert(Web, new ServedIngressRow([], [Secret]));
        _tables.Served.Upsert(Api, new ServedIngressRow([], [Secret]));
        if (!problemFirst)
        {
            _tables.CertificateProblems.Upsert(Secret, new CertificateProblemRow("tls.key is not the key of tls.crt"));
        }

        var told = await _world.EventsAsync(2);
        Assert.Equal(["api", "web"], told.Select(one => Text(one["involvedObject"]!, "name")).Order());
        Assert.All(told, one => Assert.Equal(("CertificateProblem", "Secret default/cert: tls.key is not the key of tls.crt"), (Text(one, "reason"), Text(one, "message"))));

        // One that names it no longer is not told of its next problem.
        _tables.Served.Upsert(Web, new ServedIngressRow([], []));
        _tables.Served.Delete(Api);
        _tables.Served.Upsert(Api, new ServedIngressRow([Unknown], [Secret]));
        await _world.EventsAsync(3);
        _tables.CertificateProblems.Upsert(Secret, new CertificateProblemRow("expired"));
        var all = await _world.EventsAsync(4);
        Assert.Equal("api", Text(Assert.Single(all, one => Text(one, "message").EndsWith("expired", StringComparison.Ordinal))["involvedObject"]!, "name"));
        Assert.Equal(4, all.Count);
    }

    private static string Text(JsonNode node, string name) => (string)node[name]!;

    private void Start() => _world.Run(new FindingEvents(
        _world.Api, _world.Cluster, _tables, new IngressOptions { NodeName = "n1" }, _world.Harness.Time, NullLogger.Instance).RunAsync);
}
