using System.Net.Security;
using System.Text;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>What changes beside an Ingress that is served: its certificate, and who may reach its pods.</summary>
[Collection(nameof(Ingresses))]
public sealed class IngressChangeTests(IngressFixture cluster)
{
    [Fact]
    public async Task A_certificate_is_turned_over_without_a_word_to_open_connections_and_rubbish_is_told_and_not_served()
    {
        cluster.Apply($$"""
            {{IngressClient.SelfSigned("turned-tls", "CN=first", "turned.example")}}
            ---
            apiVersion: networking.k8s.io/v1
            kind: Ingress
            metadata: {name: turned}
            spec:
              tls: [{hosts: [turned.example], secretName: turned-tls}]
              rules: [{host: turned.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80} } } }]} }]
            """);
        using var client = new IngressClient(cluster);
        await using var open = await UntilServedAsync(client, "CN=first");
        Assert.StartsWith("HTTP/1.1 200 ", await AskAsync(open), StringComparison.Ordinal);

        cluster.Apply(IngressClient.SelfSigned("turned-tls", "CN=second", "turned.example"));
        await using var second = await UntilServedAsync(client, "CN=second");
        Assert.StartsWith("HTTP/1.1 200 ", await AskAsync(open), StringComparison.Ordinal);

        cluster.Apply(IngressClient.Secret("turned-tls", "rubbish", "rubbish"));
        PodEvents.Wait(cluster, "turned", "CertificateProblem", "Secret default/turned-tls: ");
        await using var third = await client.HandshakeAsync("turned.example");
        Assert.Equal("CN=second", third.RemoteCertificate?.Subject);
        foreach (var connection in (SslStream[])[open, second, third])
        {
            Assert.StartsWith("HTTP/1.1 200 ", await AskAsync(connection), StringComparison.Ordinal);
        }

        cluster.Kubectl("delete", "ingress/turned", "secret/turned-tls");
    }

    [Fact]
    public async Task A_policy_holds_for_the_ingress_as_for_any_pod()
    {
        cluster.StandIn("guarded", 2);
        cluster.Kubectl("expose", "pod", "guarded", "--port=80", "--target-port=8080");
        cluster.Apply("""
            apiVersion: networking.k8s.io/v1
            kind: Ingress
            metadata: {name: guarded, annotations: {ingress.fairlead.dev/proxy-connect-timeout: "1", ingress.fairlead.dev/proxy-read-timeout: "3", ingress.fairlead.dev/proxy-send-timeout: "3"}}
            spec: {rules: [{host: guarded.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: guarded, port: {number: 80}}}}]}}]}
            """);
        using var client = new IngressClient(cluster);
        await client.UntilAsync("http://guarded.example/", 200);

        Allow("nobodys");

        // A request on a connection that was there before gets no answer; then no new connection can be made.
        Assert.All(await client.UntilAsync("http://guarded.example/", 502), status => Assert.True(status is 200 or 504, $"{status}"));
        PodEvents.Wait(cluster, "guarded", "PolicyDenied", "Dropped from kube-system/fairlead-ingress-");
        var (_, drops, _) = cluster.TryFairlead("observe", "--name", cluster.Name, "--policy", "guarded");
        Assert.Matches("in: kube-system/fairlead-ingress-[^ ]+ -> default/guarded:8080 TCP.*: isolated by NetworkPolicy default/guarded: no rule matches", drops);
        Assert.Contains("no connection within 1 s", cluster.Kubectl("logs", "-n", "kube-system", "-l", "app.kubernetes.io/name=fairlead-ingress", "--tail=-1"), StringComparison.Ordinal);

        Allow("kube-system");
        Assert.All(await client.UntilAsync("http://guarded.example/", 200), status => Assert.Equal(502, status));
        cluster.Kubectl("delete", "pod/guarded", "service/guarded", "ingress/guarded", "networkpolicy/guarded", "--wait=false");
    }

    /// <summary>Lets pods of one namespace reach the guarded one, and nobody else.</summary>
    private void Allow(string space) => cluster.Apply($$"""
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: guarded}
        spec:
          podSelector: {matchLabels: {app: guarded} }
          ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: {{space}} } } }]}]
        """);

    /// <summary>The first connection with this certificate.</summary>
    private static async Task<SslStream> UntilServedAsync(IngressClient client, string subject)
    {
        var deadline = Deadline.Token();
        while (true)
        {
            var stream = await client.HandshakeAsync("turned.example");
            if (stream.RemoteCertificate?.Subject == subject)
            {
                return stream;
            }

            await stream.DisposeAsync();
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, deadline);
        }
    }

    /// <summary>One request on a connection that goes on, and its answer, which ends with the object that it is.</summary>
    private static async Task<string> AskAsync(SslStream stream)
    {
        await stream.WriteAsync("GET / HTTP/1.1\r\nHost: turned.example\r\n\r\n"u8.ToArray(), Deadline.Token());
        var (answer, buffer) = ("", new byte[4096]);
        while (!answer.TrimEnd().EndsWith('}') && await stream.ReadAsync(buffer, Deadline.Token()) is > 0 and var read)
        {
            answer += Encoding.ASCII.GetString(buffer, 0, read);
        }

        return answer;
    }
}
