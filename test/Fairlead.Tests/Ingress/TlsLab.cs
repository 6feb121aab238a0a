using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Ingress;
using Fairlead.Ingress.Tls;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Ingress;

/// <summary>A certificate with its key, as a Secret has them.</summary>
internal sealed record PemPair(string Certificate, string Key);

/// <summary>A certificate store over tables that a test fills.</summary>
internal sealed class TlsLab : IDisposable
{
    public TlsLab(IngressOptions? options = null, bool listed = true)
    {
        Log = new RecordingLogger();
        Store = new CertificateStore(Cluster, Tables, options ?? new IngressOptions(), Time, Log);
        if (listed)
        {
            Cluster.TlsSecrets.MarkInitialized();
            Tables.Certificates.MarkInitialized();
        }
    }

    public FakeTimeProvider Time { get; } = new(DateTimeOffset.UnixEpoch.AddYears(56));

    public ClusterTables Cluster { get; } = new();

    public IngressTables Tables { get; } = new();

    public CertificateStore Store { get; }

    public RecordingLogger Log { get; }

    /// <summary>Makes a pair: of its own, or signed by <paramref name="issuer"/>.</summary>
    public PemPair Make(
        string[] names, string subject = "CN=test", X509Certificate2? issuer = null, int firstDay = -1, int lastDay = 90, bool rsa = false, bool authority = false)
    {
        using AsymmetricAlgorithm key = rsa ? RSA.Create(2048) : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = Sign(key, names, subject, issuer, firstDay, lastDay, authority);
        return new PemPair(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>An authority: its certificate with its key.</summary>
    public X509Certificate2 MakeAuthority(string subject, X509Certificate2? issuer = null)
    {
        var pair = Make([], subject, issuer, lastDay: 900, authority: true);
        return X509Certificate2.CreateFromPem(pair.Certificate, pair.Key);
    }

    public void PutSecret(string name, PemPair pair) => PutSecret(name, pair.Certificate, pair.Key);

    public void PutSecret(string name, string certificate, string key) =>
        Cluster.TlsSecrets.Upsert(Key(name), new TlsSecretRow { Key = Key(name), Certificate = certificate, PrivateKey = key });

    public void PutHost(string host, params IEnumerable<string> secrets) => Tables.Certificates.Upsert(host, new HostCertificateRow([.. secrets.Select(Key)]));

    public static ObjectKey Key(string name) => new("prod", name);

    /// <summary>The subject of what a host is served with now.</summary>
    public string Served(string host) => Store.Select(host).ServerCertificateContext!.TargetCertificate.Subject;

    /// <summary>What is said to be wrong with a Secret; empty: nothing.</summary>
    public string Problem(string secret) => Tables.CertificateProblems.Get(Key(secret))?.Problem ?? "";

    public void Dispose() => Store.Dispose();

    private X509Certificate2 Sign(AsymmetricAlgorithm key, string[] names, string subject, X509Certificate2? issuer, int firstDay, int lastDay, bool authority)
    {
        var request = key is RSA rsa
            ? new CertificateRequest(subject, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest(subject, (ECDsa)key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(authority, false, 0, critical: true));
        if (names.Length > 0)
        {
            var alternatives = new SubjectAlternativeNameBuilder();
            Array.ForEach(names, alternatives.AddDnsName);
            request.CertificateExtensions.Add(alternatives.Build());
        }

        var (from, until) = (Time.GetUtcNow().AddDays(firstDay), Time.GetUtcNow().AddDays(lastDay));
        return issuer is null
            ? request.CreateSelfSigned(from, until)
            : request.Create(issuer.SubjectName, X509SignatureGenerator.CreateForECDsa(issuer.GetECDsaPrivateKey()!), from, until, RandomNumberGenerator.GetBytes(8));
    }
}

/// <summary>Keeps what was logged.</summary>
internal sealed class RecordingLogger : ILogger
{
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines => _lines;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Add($"{logLevel}: {formatter(state, exception)}");
}
