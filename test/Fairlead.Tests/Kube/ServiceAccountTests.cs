using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Fairlead.Kube.Kubeconfig;

namespace Fairlead.Tests.Kube;

/// <summary>A pod's way to its cluster, from the variables and files that kubelet gives it.</summary>
public sealed class ServiceAccountTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("service-account").FullName;

    public ServiceAccountTests()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var authority = new CertificateRequest("CN=cluster", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        File.WriteAllText(Path.Combine(_directory, "ca.crt"), authority.ExportCertificatePem());
        File.WriteAllText(Path.Combine(_directory, "token"), "first\n");
    }

    [Theory]
    [InlineData("10.96.0.1", "443", "https://10.96.0.1/")]
    [InlineData("fd00:10:96::1", "6443", "https://[fd00:10:96::1]:6443/")]
    [InlineData("kubernetes.example", "443", "https://kubernetes.example/")]
    public void The_server_is_what_the_variables_say_in_either_family(string host, string port, string server)
    {
        var connection = Read(host, port);
        Assert.Equal(server, connection.Server.ToString());
        Assert.Equal("CN=cluster", Assert.Single(connection.Authorities).Subject);
        Assert.Null(connection.Certificate);
    }

    [Fact]
    public void A_renewed_token_is_the_one_of_the_next_request()
    {
        var connection = Read("10.96.0.1", "443");
        Assert.Equal("first", connection.Token());
        File.WriteAllText(Path.Combine(_directory, "token"), "second");
        Assert.Equal("second", connection.Token());
    }

    [Theory]
    [InlineData(null, "443", "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this is no pod")]
    [InlineData("10.96.0.1", "", "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this is no pod")]
    [InlineData("10.96.0.1", "0", "KUBERNETES_SERVICE_PORT '0' is no port")]
    [InlineData("10.96.0.1", "https", "KUBERNETES_SERVICE_PORT 'https' is no port")]
    [InlineData("not an address", "443", "KUBERNETES_SERVICE_HOST 'not an address' is no address")]
    public void What_is_missing_or_wrong_is_named(string? host, string port, string error) =>
        Assert.Equal(error, Assert.Throws<FormatException>(() => Read(host, port)).Message);

    [Fact]
    public void Without_a_token_it_is_known_at_once()
    {
        File.Delete(Path.Combine(_directory, "token"));
        Assert.Throws<FileNotFoundException>(() => Read("10.96.0.1", "443"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-----BEGIN CERTIFICATE-----\nbm90aGluZw==\n-----END CERTIFICATE-----\n")]
    public void What_is_no_certificate_is_refused(string text)
    {
        File.WriteAllText(Path.Combine(_directory, "ca.crt"), text);
        Assert.Contains("ca.crt", Assert.Throws<FormatException>(() => Read("10.96.0.1", "443")).Message, StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private Fairlead.Kube.Client.KubeConnection Read(string? host, string? port) =>
        ServiceAccount.Read(name => name == "KUBERNETES_SERVICE_HOST" ? host : name == "KUBERNETES_SERVICE_PORT" ? port : null, _directory);
}
