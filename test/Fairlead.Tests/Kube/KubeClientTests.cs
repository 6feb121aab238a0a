using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Fairlead.ControlPlane.Http;
using Fairlead.ControlPlane.Pki;
using Fairlead.Kube.Client;
using Fairlead.Kube.Kubeconfig;
using Fairlead.Testing;
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
        using var client = new KubeClient(new KubeConnection(new Uri($"https://127.0.0.1:{server.Endpoints[0].Port}"), [known], own));
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

    [Fact]
    public async Task A_server_that_does_not_answer_is_a_failure_and_no_cancellation()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var server = new Uri($"https://127.0.0.1:{((IPEndPoint)silent.LocalEndpoint).Port}");
        using var client = new KubeClient(new KubeConnection(server, [], null), TimeSpan.FromMilliseconds(50));

        var failure = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(ResourceTypes.Namespaces, "", "a", Deadline.Token()));

        Assert.StartsWith($"nothing was heard from {server.Authority}", failure.Message, StringComparison.Ordinal);
        using var over = new CancellationTokenSource();
        await over.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.GetAsync(ResourceTypes.Namespaces, "", "a", over.Token));
    }

    [Fact]
    public async Task A_token_in_a_file_is_read_for_each_request()
    {
        var directory = Directory.CreateTempSubdirectory("fairlead-client-").FullName;
        using var authority = ClusterAuthority.OpenOrCreate(directory, TimeProvider.System);
        using var certificate = authority.IssueServer(["localhost"], [IPAddress.Loopback]);
        var asked = new ConcurrentQueue<string>();
        await using var server = await ApiServer.StartAsync([new IPEndPoint(IPAddress.Loopback, 0)], authority, certificate, AnswerAsync, NullLoggerFactory.Instance);
        var file = Path.Combine(directory, "token");
        await File.WriteAllTextAsync(file, "first\n");
        using var client = new KubeClient(KubeconfigReader.Parse($$"""
            current-context: a
            contexts: [{name: a, context: {cluster: a, user: a} }]
            clusters:
            - name: a
              cluster:
                server: https://127.0.0.1:{{server.Endpoints[0].Port}}
                certificate-authority-data: {{Convert.ToBase64String(Encoding.ASCII.GetBytes(authority.CertificatePem))}}
            users: [{name: a, user: {token: constant, tokenFile: token} }]
            """, directory));

        await client.GetAsync(ResourceTypes.Namespaces, "", "a", Deadline.Token());
        await File.WriteAllTextAsync(file, "second\n");
        await client.GetAsync(ResourceTypes.Namespaces, "", "a", Deadline.Token());

        Assert.Equal(["Bearer first", "Bearer second"], asked);
        Directory.Delete(directory, recursive: true);

        async Task AnswerAsync(HttpContext context)
        {
            asked.Enqueue(context.Request.Headers.Authorization.ToString());
            await context.Response.WriteAsync("{}");
        }
    }
}
