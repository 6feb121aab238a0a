namespace Fairlead.ClusterTests.Api;

/// <summary>What kubectl says when Services may take no external addresses (KEP-2200).</summary>
public sealed class DenyExternalAddressTests : IAsyncLifetime
{
    private readonly ApiFixture _api = new() { DenyServiceExternalIPs = true };

    public ValueTask InitializeAsync() => _api.InitializeAsync();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public void A_Service_that_takes_one_is_forbidden_and_one_that_takes_none_is_not()
    {
        const string Service = "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80}], externalIPs: [192.0.2.1]}}";
        var (code, _, error) = _api.TryKubectl(Service, "apply", "-f", "-");
        Assert.Equal(1, code);
        Assert.Contains("services \"s\" is forbidden: Use of external IPs is denied by admission control", error, StringComparison.Ordinal);
        _api.KubectlWith(Service.Replace("192.0.2.1", "", StringComparison.Ordinal), "apply", "-f", "-");
        (code, _, error) = _api.TryKubectl("", "patch", "service", "s", "-p", """{"spec":{"externalIPs":["192.0.2.1"]}}""");
        Assert.Equal(1, code);
        Assert.Contains("denied by admission control", error, StringComparison.Ordinal);
    }
}
