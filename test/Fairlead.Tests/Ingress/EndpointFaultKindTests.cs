using System.Net;
using Fairlead.Ingress.Hosting;
using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;

namespace Fairlead.Tests.Ingress;

/// <summary>Which failures count against an endpoint.</summary>
public sealed class EndpointFaultKindTests
{
    [Fact]
    public void What_breaks_off_or_keeps_silent_is_the_endpoints_and_what_the_client_sent_is_not()
    {
        Assert.True(EndpointFault.Is(ForwarderError.Request, new HttpRequestException("", new EndpointUnreachableException("refused", new IOException()))));
        Assert.True(EndpointFault.Is(ForwarderError.Request, new HttpRequestException(HttpRequestError.ResponseEnded)));
        Assert.True(EndpointFault.Is(ForwarderError.ResponseBodyDestination, new HttpIOException(HttpRequestError.ResponseEnded)));
        Assert.True(EndpointFault.Is(ForwarderError.RequestTimedOut, null));
        Assert.False(EndpointFault.Is(ForwarderError.Request, new HttpRequestException("a header that cannot be sent")));
        Assert.False(EndpointFault.Is(ForwarderError.RequestBodyClient, new IOException()));
        Assert.False(EndpointFault.Is(ForwarderError.RequestCanceled, new OperationCanceledException()));
    }

    [Fact]
    public async Task An_endpoint_that_dies_on_an_order_gets_no_other_while_there_is_another_endpoint()
    {
        await using var lab = await IngressLab.StartAsync();
        var dying = await lab.EndpointAsync(context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });
        lab.Route([dying, await lab.EndpointAsync(context => context.Response.WriteAsync("alive"))]);
        var failed = 0;
        for (var i = 0; i < 6; i++)
        {
            using var answer = await lab.SendAsync(HttpMethod.Post, "/", new StringContent("order"));
            failed += answer.StatusCode == HttpStatusCode.BadGateway ? 1 : 0;
        }

        Assert.Equal(1, failed);
    }
}
