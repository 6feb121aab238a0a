using Fairlead.Ingress.Behaviours;
using Fairlead.Ingress.Hosting;
using Fairlead.Ingress.Listening;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Fairlead.Ingress.Inspection;

/// <summary>What a request is answered before any endpoint is asked, by the code that answers requests.</summary>
/// <param name="options">What the role is told.</param>
/// <param name="tables">Routes and certificates by host.</param>
public sealed class PlannedAnswers(IngressOptions options, IngressTables tables)
{
    private readonly Redirects _redirects = new(options);

    /// <summary>What becomes of a GET of a URL.</summary>
    /// <param name="url">http or https, as a client sends it: dot segments resolved.</param>
    public PlannedAnswer Of(Uri url)
    {
        var context = RequestOf(url);
        if (RequestGate.Fault(context) is { } fault)
        {
            return new PlannedAnswer(null, StatusCodes.Status400BadRequest, fault);
        }

        var host = context.Request.Host.Host;
        var route = tables.Routes.Match(host, context.Request.Path.Value);
        if (route is null)
        {
            return new PlannedAnswer(null, StatusCodes.Status404NotFound, OwnAnswers.NoRule);
        }

        if (route.Options.Refused.Length > 0)
        {
            return new PlannedAnswer(route, StatusCodes.Status503ServiceUnavailable, route.Options.Refused);
        }

        if (_redirects.Answer(context, route, tables.HasCertificate(host)))
        {
            return new PlannedAnswer(route, context.Response.StatusCode, "") { Location = context.Response.Headers.Location.ToString() };
        }

        return new PlannedAnswer(route, route.Backend.State.Endpoints.Count > 0 ? 0 : StatusCodes.Status503ServiceUnavailable, route.Backend.State.Missing)
        {
            Target = ForwardedRequest.TargetOf(route, context),
            Protocol = RequestForwarder.ProtocolOf(route.Options.Protocol, route.Backend.State.Protocol),
        };
    }

    private static DefaultHttpContext RequestOf(Uri url)
    {
        var context = new DefaultHttpContext();
        var request = context.Request;
        (request.Method, request.Protocol, request.Scheme) = (HttpMethods.Get, HttpProtocol.Http11, url.Scheme);
        (request.Host, request.Path, request.QueryString) = (HostString.FromUriComponent(url), PathString.FromUriComponent(url), QueryString.FromUriComponent(url));
        context.Features.Get<IHttpRequestFeature>()!.RawTarget = url.PathAndQuery;
        return context;
    }
}
