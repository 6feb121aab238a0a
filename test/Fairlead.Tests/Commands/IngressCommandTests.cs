using System.CommandLine;
using System.Net;
using Fairlead.Commands;
using Fairlead.Terminal;

namespace Fairlead.Tests.Commands;

/// <summary>Options of <c>fairlead ingress</c> as they are understood.</summary>
public sealed class IngressCommandTests
{
    [Theory]
    [InlineData("80", "[::]:80")]
    [InlineData("127.0.0.1:8081", "127.0.0.1:8081")]
    [InlineData("[fd00::1]:8081", "[fd00::1]:8081")]
    public void A_place_to_listen_is_a_port_or_an_address_with_one(string given, string expected)
    {
        var parsed = Ingress("--http", given);
        Assert.Empty(parsed.Errors);
        Assert.Equal(expected, $"{parsed.GetRequiredValue<IPEndPoint>("--http")}");
        Assert.Equal("[::]:8443", $"{parsed.GetRequiredValue<IPEndPoint>("--https")}");
    }

    [Theory]
    [InlineData("--http", "0", "0 is not a port or an address:port, which --http takes")]
    [InlineData("--http", "70000", "70000 is not a port or an address:port, which --http takes")]
    [InlineData("--admin", "127.0.0.1", "127.0.0.1 is not a port or an address:port, which --admin takes")]
    [InlineData("--publish-service", "web", "web is not a namespace/name, which --publish-service takes")]
    [InlineData("--default-certificate", "a/b/c", "a/b/c is not a namespace/name, which --default-certificate takes")]
    [InlineData("--connect-timeout", "0", "0 is not a number of seconds from 1 to 86400, which --connect-timeout takes")]
    [InlineData("--trusted-proxy", "10.0.0.1", "10.0.0.1 is not what --trusted-proxy takes")]
    public void What_an_option_does_not_take_is_named(string option, string given, string error) =>
        Assert.Equal(error, Assert.Single(Ingress(option, given).Errors).Message);

    [Fact]
    public void Without_options_it_is_a_pod_that_serves_its_own_controllers_classes()
    {
        var parsed = Ingress();
        Assert.Empty(parsed.Errors);
        Assert.Null(parsed.GetValue<string>("--kubeconfig"));
        Assert.Equal("fairlead.dev/ingress", parsed.GetRequiredValue<string>("--controller"));
        Assert.False(parsed.GetValue<bool>("--without-class"));
        Assert.Null(parsed.GetValue<NamedObject?>("--publish-service"));
        Assert.Equal(TimeSpan.FromSeconds(5), parsed.GetRequiredValue<TimeSpan>("--connect-timeout"));
    }

    private static ParseResult Ingress(params string[] options) => RootCommandFactory.Create(new Output()).Parse(["ingress", .. options]);
}
