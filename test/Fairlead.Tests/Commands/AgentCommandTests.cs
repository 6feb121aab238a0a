using System.CommandLine;
using Fairlead.Commands;
using Fairlead.Linux.Addresses;
using Fairlead.Terminal;

namespace Fairlead.Tests.Commands;

/// <summary>Options of <c>fairlead agent</c> as they are understood.</summary>
public sealed class AgentCommandTests
{
    [Theory]
    [InlineData("none", null)]
    [InlineData("127.0.0.1:9000", "127.0.0.1:9000")]
    public void An_endpoint_is_an_address_or_none(string given, string? expected)
    {
        var parsed = RootCommandFactory.Create(new Output())
            .Parse(["agent", "--kubeconfig", "k", "--node-name", "n", "--healthz-bind-address", given]);
        Assert.Empty(parsed.Errors);
        Assert.Equal(expected, parsed.GetRequiredValue<ListenAddress>("--healthz-bind-address").EndPoint?.ToString());
        Assert.Equal("127.0.0.1:10249", parsed.GetRequiredValue<ListenAddress>("--metrics-bind-address").EndPoint?.ToString());
    }

    [Theory]
    [InlineData("primary", "")]
    [InlineData("192.0.2.0/24,fd00::/8", "192.0.2.0/24 fd00::/8")]
    public void Node_port_addresses_are_ranges_or_primary(string given, string expected)
    {
        var parsed = Agent("--nodeport-addresses", given);
        Assert.Empty(parsed.Errors);
        Assert.Equal(expected, string.Join(' ', parsed.GetRequiredValue<IpNet[]>("--nodeport-addresses")));
    }

    [Theory]
    [InlineData("secondary", "secondary is not what --nodeport-addresses takes: a range, such as 192.0.2.0/24, or primary")]
    [InlineData("192.0.2.1", "192.0.2.1 is not what --nodeport-addresses takes: a range, such as 192.0.2.0/24, or primary")]
    [InlineData("192.0.2.0/24,primary", "primary is not what --nodeport-addresses takes: it does not go with ranges")]
    public void A_word_that_says_nothing_of_node_port_addresses_is_named(string given, string error) =>
        Assert.Equal(error, Assert.Single(Agent("--nodeport-addresses", given).Errors).Message);

    private static ParseResult Agent(params string[] more) => RootCommandFactory.Create(new Output()).Parse(["agent", "--kubeconfig", "k", "--node-name", "n", .. more]);
}
