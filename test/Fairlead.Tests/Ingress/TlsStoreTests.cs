using Fairlead.Ingress;
using Fairlead.Ingress.Tls;
using Fairlead.State;
using Fairlead.Testing;

namespace Fairlead.Tests.Ingress;

/// <summary>Which certificate a host is served with, and what is said of Secrets that are none.</summary>
public sealed class TlsStoreTests : IDisposable
{
    private const string Default = "CN=Fairlead Ingress Self-Signed";

    private readonly TlsLab _lab = new();

    public void Dispose() => _lab.Dispose();

    [Theory]
    [InlineData("shop.example.org", "CN=exact")]
    [InlineData("SHOP.Example.ORG", "CN=exact")]
    [InlineData("shop.example.org.", "CN=exact")]
    [InlineData("other.example.org", "CN=wild")]
    [InlineData("a.other.example.org", Default)]
    [InlineData("example.org", Default)]
    [InlineData(".example.org", Default)]
    [InlineData("bücher.example", "CN=idn")]
    [InlineData("xn--bcher-kva.example", "CN=idn")]
    [InlineData("\ud800", Default)]
    [InlineData("*", Default)]
    [InlineData("", Default)]
    public void A_host_is_served_with_its_own_certificate_then_its_parents_wildcard_then_the_default(string host, string subject)
    {
        Serve("shop.example.org", "CN=exact");
        Serve("*.example.org", "CN=wild");
        Serve("xn--bcher-kva.example", "CN=idn");
        _lab.Store.Pass();
        Assert.Equal(subject, _lab.Served(host));
        Assert.Empty(_lab.Tables.CertificateProblems.Snapshot());
        Assert.True(_lab.Tables.CertificateProblems.Initialized);
    }

    [Fact]
    public void A_name_longer_than_any_host_is_nobodys() => Assert.Equal(Default, _lab.Served(new string('a', 250) + ".example.org"));

    [Fact]
    public void Keys_of_RSA_and_of_elliptic_curves_serve()
    {
        _lab.PutSecret("rsa", _lab.Make(["a.org"], "CN=rsa", rsa: true));
        _lab.PutHost("a.org", "rsa");
        _lab.Store.Pass();
        Assert.Equal("CN=rsa", _lab.Served("a.org"));
    }

    [Fact]
    public void The_first_of_a_hosts_secrets_that_is_a_certificate_serves()
    {
        _lab.PutHost("a.org", "absent", "broken", "good", "later");
        _lab.PutSecret("broken", "no PEM", "neither");
        _lab.PutSecret("good", _lab.Make(["a.org"], "CN=good"));
        _lab.PutSecret("later", _lab.Make(["a.org"], "CN=later"));
        _lab.Store.Pass();
        Assert.Equal("CN=good", _lab.Served("a.org"));
        Assert.StartsWith("there is no such Secret", _lab.Problem("absent"), StringComparison.Ordinal);
        Assert.StartsWith("tls.crt holds no certificate in PEM", _lab.Problem("broken"), StringComparison.Ordinal);

        _lab.PutSecret("absent", _lab.Make(["a.org"], "CN=first"));
        _lab.Store.Pass();
        Assert.Equal("CN=first", _lab.Served("a.org"));
        Assert.Empty(_lab.Problem("absent"));
    }

    [Fact]
    public void What_is_wrong_with_a_secret_is_said_in_words_and_never_with_its_key()
    {
        var (good, other) = (_lab.Make(["a.org"]), _lab.Make(["b.org"]));
        var rsa = _lab.Make(["a.org"], rsa: true);
        (string Certificate, string Key, string Problem)[] broken =
        [
            ("", good.Key, "tls.crt holds no certificate in PEM"),
            (good.Key, good.Key, "tls.crt holds no certificate in PEM"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", good.Key, "tls.crt holds a certificate that cannot be read"),
            (good.Certificate, "", "tls.key holds no private key in PEM"),
            (good.Certificate, good.Certificate, "tls.key holds no private key in PEM"),
            (good.Certificate, good.Key.Replace("BEGIN PRIVATE", "BEGIN ENCRYPTED PRIVATE", StringComparison.Ordinal).Replace("END PRIVATE", "END ENCRYPTED PRIVATE", StringComparison.Ordinal), "the private key in tls.key is encrypted"),
            (good.Certificate, other.Key, "the private key in tls.key is not that of the first certificate in tls.crt"),
            (good.Certificate, rsa.Key, "the private key in tls.key cannot be read as one of the certificate in tls.crt"),
            (good.Certificate, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "the private key in tls.key cannot be read as one of the certificate in tls.crt"),
            ($"{other.Certificate}\n{good.Certificate}", good.Key, "the private key in tls.key is not that of the first certificate in tls.crt"),
        ];
        _lab.PutHost("a.org", "tls");
        foreach (var (certificate, key, problem) in broken)
        {
            _lab.PutSecret("tls", certificate, key);
            _lab.Store.Pass();
            Assert.Equal($"{problem}; hosts that have no other are served with the default certificate", _lab.Problem("tls"));
            Assert.Equal(Default, _lab.Served("a.org"));
        }

        var said = string.Join('\n', [.. _lab.Log.Lines, _lab.Problem("tls"), $"{_lab.Cluster.TlsSecrets.Get(TlsLab.Key("tls"))}", $"{_lab.Store}", $"{_lab.Store.Select("a.org")}"]);
        foreach (var line in new[] { good, other, rsa }.SelectMany(pair => pair.Key.Split('\n')).Where(line => line.Length > 0 && line[0] != '-'))
        {
            Assert.DoesNotContain(line, said, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_certificate_without_the_hosts_name_is_served_and_said()
    {
        Assert.All(new[] { "a.org", "b.org", "c.org", "d.org", "*.a.org" }, host => _lab.PutHost(host, "tls"));
        _lab.PutSecret("tls", _lab.Make(["a.org", "x.a.org"]));
        _lab.Store.Pass();
        Assert.Equal("the certificate does not name *.a.org, b.org, c.org and 1 more; it is served there all the same", _lab.Problem("tls"));
        Assert.Equal("CN=test", _lab.Served("b.org"));

        _lab.Tables.Certificates.Delete("*.a.org");
        _lab.Tables.Certificates.Delete("d.org");
        _lab.Store.Pass();
        Assert.Equal("the certificate does not name b.org, c.org; it is served there all the same", _lab.Problem("tls"));
        Assert.Equal(Default, _lab.Served("d.org"));

        _lab.PutSecret("tls", _lab.Make(["a.org", "*.org"]));
        _lab.Store.Pass();
        Assert.Empty(_lab.Problem("tls"));
    }

    [Fact]
    public async Task A_certificate_is_served_beyond_its_time_and_said_when_that_comes()
    {
        _lab.PutHost("a.org", "tls");
        _lab.PutSecret("tls", _lab.Make(["a.org"], firstDay: 1, lastDay: 2));
        await using var running = new RunningLoop(null, _lab.Store.RunAsync);
        await Said("the certificate is not valid before");
        _lab.Time.Advance(TimeSpan.FromDays(1));
        await Said("");
        _lab.Time.Advance(TimeSpan.FromDays(1));
        await Said("the certificate has expired");
        Assert.Equal("CN=test", _lab.Served("a.org"));
    }

    [Fact]
    public void A_broken_rotation_keeps_the_former_certificate_and_says_so_a_deleted_secret_keeps_nothing()
    {
        Serve("a.org", "CN=one");
        _lab.Store.Pass();

        _lab.PutSecret("CN=one", "garbage", "garbage");
        _lab.Store.Pass();
        Assert.Equal("CN=one", _lab.Served("a.org"));
        Assert.Equal("tls.crt holds no certificate in PEM; the certificate before it is still served", _lab.Problem("CN=one"));

        _lab.PutSecret("CN=one", _lab.Make(["a.org"], "CN=two"));
        _lab.Store.Pass();
        Assert.Equal("CN=two", _lab.Served("a.org"));
        Assert.Empty(_lab.Problem("CN=one"));

        _lab.Cluster.TlsSecrets.Delete(TlsLab.Key("CN=one"));
        _lab.Store.Pass();
        Assert.Equal(Default, _lab.Served("a.org"));
        Assert.StartsWith("there is no such Secret", _lab.Problem("CN=one"), StringComparison.Ordinal);

        _lab.Tables.Certificates.Delete("a.org");
        _lab.Store.Pass();
        Assert.Empty(_lab.Problem("CN=one"));
    }

    [Fact]
    public void A_secret_is_not_missed_before_all_were_listed()
    {
        using var lab = new TlsLab(listed: false);
        lab.PutHost("a.org", "tls");
        lab.Store.Pass();
        Assert.Empty(lab.Problem("tls"));
        Assert.False(lab.Tables.CertificateProblems.Initialized);
        lab.Cluster.TlsSecrets.MarkInitialized();
        lab.Tables.Certificates.MarkInitialized();
        lab.Store.Pass();
        Assert.StartsWith("there is no such Secret", lab.Problem("tls"), StringComparison.Ordinal);
        Assert.True(lab.Tables.CertificateProblems.Initialized);
    }

    [Fact]
    public void The_default_certificate_may_be_a_secret()
    {
        using var lab = new TlsLab(new IngressOptions { DefaultCertificate = TlsLab.Key("default") });
        lab.Store.Pass();
        Assert.Equal(Default, lab.Served("a.org"));
        Assert.StartsWith("there is no such Secret", lab.Problem("default"), StringComparison.Ordinal);

        lab.PutSecret("default", lab.Make(["else.org"], "CN=ours"));
        lab.Store.Pass();
        Assert.Equal("CN=ours", lab.Served("a.org"));
        Assert.Empty(lab.Problem("default"));

        lab.Cluster.TlsSecrets.Delete(TlsLab.Key("default"));
        lab.Store.Pass();
        Assert.Equal(Default, lab.Served("a.org"));
    }

    [Fact]
    public void Keys_that_serve_no_more_go_when_no_handshake_can_be_using_them()
    {
        Serve("a.org", "CN=one");
        _lab.Store.Pass();
        var (former, leaf) = (_lab.Store.Select("a.org"), _lab.Store.Select("a.org").ServerCertificateContext!.TargetCertificate);
        _lab.PutSecret("CN=one", _lab.Make(["a.org"], "CN=two"));
        _lab.Store.Pass();
        Assert.NotSame(former, _lab.Store.Select("a.org"));
        Assert.True(leaf.HasPrivateKey);
        _lab.Time.Advance(CertificateStore.HandshakeTimeout);
        _lab.Store.Pass();
        Assert.True(leaf.HasPrivateKey);
        Assert.Equal(1, _lab.Store.Retired);

        _lab.Time.Advance(CertificateStore.HandshakeTimeout * 2);
        _lab.Store.Pass();
        Assert.Equal(0, _lab.Store.Retired);
        Assert.Equal(0, leaf.Handle);
    }

    [Fact]
    public void A_change_costs_its_hosts_and_a_lookup_nothing_however_many_hosts_there_are()
    {
        var shared = _lab.Make(["*.example.org"], "CN=shared");
        _lab.PutSecret("shared", shared);
        for (var i = 0; i < 10_000; i++)
        {
            _lab.PutHost($"h{i}.example.org", i == 77 ? "own" : "shared");
        }

        _lab.PutSecret("own", _lab.Make(["h77.example.org"], "CN=one"));
        Assert.Equal(10_000, _lab.Store.Pass());

        _lab.PutSecret("own", _lab.Make(["h77.example.org"], "CN=two"));
        Assert.Equal(1, _lab.Store.Pass());
        Assert.Equal("CN=two", _lab.Served("h77.example.org"));
        _lab.PutHost("h5.example.org", "own", "shared");
        Assert.Equal(1, _lab.Store.Pass());
        Assert.Equal(0, _lab.Store.Pass());

        // The same object for the same version: what the framework keeps with it (sessions, parsed keys) is kept.
        Assert.Same(_lab.Store.Select("h1.example.org"), _lab.Store.Select("h9999.example.org"));
        string[] asked = ["h9999.example.org", "nobody.example.net", "h77.example.org"];
        Array.ForEach(asked, host => _lab.Store.Select(host));
        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var host in asked)
        {
            _lab.Store.Select(host);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private void Serve(string host, string subject)
    {
        _lab.PutSecret(subject, _lab.Make([host], subject));
        _lab.PutHost(host, subject);
    }

    private async Task Said(string problem)
    {
        var (wake, feed) = (new Wake(), _lab.Tables.CertificateProblems.Subscribe());
        feed.Signalled += wake.Ring;
        using (feed)
        {
            while (problem.Length == 0 ? _lab.Problem("tls").Length > 0 : !_lab.Problem("tls").StartsWith(problem, StringComparison.Ordinal))
            {
                await wake.WaitAsync(Deadline.Token());
            }
        }
    }
}
