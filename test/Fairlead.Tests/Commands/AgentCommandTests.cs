using Fairlead.Commands;
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
}
