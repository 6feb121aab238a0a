using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Fairlead.ControlPlane.Http;
using Fairlead.ControlPlane.Pki;
using Fairlead.Kube.Client;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Kube;

public sealed class KubeClientTests
{
    private const int Requests = 200;

    [Fact]
    public async Task Two_hundred_requests_at_once_share_a_few_connections()
    {
        var directory = Directory.CreateTempSubdirectory("fairlead-client-").FullName;
        using var authority = ClusterAuthority.OpenOrCreate(directory, TimeProvider.System);
        using var certificate = authority.IssueServer(["localhost"], [IPAddress.Loopback]);
        var credential = authority.IssueClient("somebody");
        using var own = X509Certificate2.CreateFromPem(credential.CertificatePem, credential.KeyPem);
        using var known = X509Certificate2.CreateFromPem(authority.CertificatePem);
        var connections = new ConcurrentDictionary<string, string>();
        var (waiting, all) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await using var server = await ApiServer.StartAsync([new IPEndPoint(IPAddress.Loopback, 0)], authority, certificate, AnswerAsync, NullLoggerFactory.Instance);
        using var client = new KubeClient(new KubeConnection(new Uri($"https://127.0.0.1:{server.Endpoints[0].Port}"), [known], own, ""));
        var answers = Enumerable.Range(0, Requests).Select(number => client.GetAsync(ResourceTypes.Namespaces, "", $"n{number}", default));
        await Task.WhenAll(answers).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.All(connections.Values, protocol => Assert.Equal("HTTP/2", protocol));
        Assert.InRange(connections.Count, 1, 8);
        Directory.Delete(directory, recursive: true);

        // Nobody is answered before all have asked.
        async Task AnswerAsync(HttpContext context)
        {
            connections[context.Connection.Id] = context.Request.Protocol;
            if (Interlocked.Increment(ref waiting) == Requests)
            {
                all.SetResult();
            }

            await all.Task;
            await context.Response.WriteAsync("{}");
        }
    }
}
