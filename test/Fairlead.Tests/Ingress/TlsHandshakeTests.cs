using System.Net.Security;
using System.Security.Authentication;

namespace Fairlead.Tests.Ingress;

/// <summary>Handshakes with the real listener.</summary>
public sealed class TlsHandshakeTests : IAsyncLifetime
{
    private const string Ask = "GET / HTTP/1.1\r\nHost: a.org\r\nConnection: close\r\n\r\n";

    private ListeningLab _lab = null!;

    public async ValueTask InitializeAsync() => _lab = await ListeningLab.StartAsync();

    public ValueTask DisposeAsync() => _lab.DisposeAsync();

    [Theory]
    [InlineData("a.org", "CN=a")]
    [InlineData("x.wild.org", "CN=wild")]
    [InlineData("b\u00fccher.example", "CN=idn")]
    [InlineData("nobody.org", "CN=Fairlead Ingress Self-Signed")]
    [InlineData("", "CN=Fairlead Ingress Self-Signed")]
    public async Task The_name_that_a_client_asks_for_chooses_the_certificate(string host, string subject)
    {
        Put("*.wild.org", "CN=wild");
        Put("xn--bcher-kva.example", "CN=idn");
        _lab.Tls.Store.Pass();
        await using var stream = await _lab.ConnectTlsAsync(host, SslApplicationProtocol.Http11);
        Assert.Equal(subject, _lab.Presented[0]);
        Assert.Equal(200, Assert.Single(await ListeningLab.AskAsync(stream, Ask)).Status);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task TLS_1_2_and_1_3_are_spoken_and_the_client_chooses_HTTP_2_or_1_1(SslProtocols version)
    {
        foreach (var protocol in new[] { SslApplicationProtocol.Http11, SslApplicationProtocol.Http2 })
        {
            await using var stream = await _lab.ConnectTlsAsync("a.org", protocol, options => options.EnabledSslProtocols = version);
            Assert.Equal(version, stream.SslProtocol);
            Assert.Equal(protocol, stream.NegotiatedApplicationProtocol);
        }
    }

    [Fact]
    public async Task TLS_1_1_is_not_spoken() =>
        await Assert.ThrowsAnyAsync<Exception>(() => _lab.ConnectTlsAsync("a.org", SslApplicationProtocol.Http11, options => options.EnabledSslProtocols = Old()));

    [Fact]
    public async Task Those_that_vouch_for_a_certificate_are_sent_with_it()
    {
        using var root = _lab.Tls.MakeAuthority("CN=root");
        using var middle = _lab.Tls.MakeAuthority("CN=middle", root);
        using var near = _lab.Tls.MakeAuthority("CN=near", middle);
        var leaf = _lab.Tls.Make(["chain.org"], "CN=leaf", near);
        _lab.Tls.PutSecret("chain", leaf with { Certificate = leaf.Certificate + "\n" + near.ExportCertificatePem() + "\n" + middle.ExportCertificatePem() + "\n" });
        _lab.Tls.PutHost("chain.org", "chain");
        _lab.Tls.Store.Pass();
        await using var stream = await _lab.ConnectTlsAsync("chain.org", SslApplicationProtocol.Http11);
        Assert.Equal(["CN=leaf", "CN=near", "CN=middle"], _lab.Presented.Distinct());
    }

    [Fact]
    public async Task A_changed_secret_serves_the_next_handshake_and_leaves_connections_alone()
    {
        await using var before = await _lab.ConnectTlsAsync("a.org", SslApplicationProtocol.Http11);
        Assert.Equal("CN=a", _lab.Presented[0]);
        await ListeningLab.AnsweredAsync(before);

        _lab.Tls.PutSecret("tls", _lab.Tls.Make(["a.org"], "CN=changed"));
        _lab.Tls.Store.Pass();
        await using var after = await _lab.ConnectTlsAsync("a.org", SslApplicationProtocol.Http11);
        Assert.Equal("CN=changed", _lab.Presented[0]);
        await ListeningLab.AnsweredAsync(after);

        // The former key is gone for good; what was made with it goes on.
        _lab.Tls.Time.Advance(TimeSpan.FromDays(1));
        _lab.Tls.Store.Pass();
        Assert.Equal(0, _lab.Tls.Store.Retired);
        await ListeningLab.AnsweredAsync(before);
        await ListeningLab.AnsweredAsync(after);
    }

    [Fact]
    public async Task Handshakes_while_secrets_change_all_end_with_one_of_their_certificates()
    {
        var pairs = Enumerable.Range(0, 20).Select(i => _lab.Tls.Make(["a.org"], $"CN=n{i}")).ToList();
        var clients = Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                await using var stream = await _lab.ConnectTlsAsync("a.org", SslApplicationProtocol.Http11);
                Assert.Equal(200, Assert.Single(await ListeningLab.AskAsync(stream, Ask)).Status);
            }
        })).ToList();
        while (!Task.WhenAll(clients).IsCompleted)
        {
            foreach (var pair in pairs)
            {
                _lab.Tls.PutSecret("tls", pair);
                _lab.Tls.Store.Pass();
                await Task.Yield();
            }
        }

        await Task.WhenAll(clients);
    }

    [Fact]
    public async Task Rubbish_instead_of_a_handshake_ends_the_connection_and_nothing_else()
    {
        await Assert.ThrowsAnyAsync<IOException>(() => _lab.ConnectTlsAsync("a.org", SslApplicationProtocol.Http11, before: "GET / HTTP/1.1\r\n\r\n"u8.ToArray()));
        await using var stream = await _lab.ConnectTlsAsync("a.org", SslApplicationProtocol.Http11);
        Assert.Equal(200, Assert.Single(await ListeningLab.AskAsync(stream, Ask)).Status);
    }

    private static SslProtocols Old() => Enum.Parse<SslProtocols>("Tls11");

    private void Put(string host, string subject)
    {
        _lab.Tls.PutSecret(subject, _lab.Tls.Make([host], subject));
        _lab.Tls.PutHost(host, subject);
    }
}
