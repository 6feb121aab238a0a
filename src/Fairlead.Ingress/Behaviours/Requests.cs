using Fairlead.Ingress.Translate;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Ingress.Behaviours;

/// <summary>What behaviours take from a request.</summary>
internal static class Requests
{
    /// <summary>The parts of a request that URLs have places for. The path is never empty, though <c>OPTIONS *</c> has none.</summary>
    public static UrlParts Parts(this HttpRequest request) =>
        new(request.Scheme, request.Host.ToUriComponent(), $"{(request.Path.HasValue ? request.Path.ToUriComponent() : "/")}{request.QueryString.ToUriComponent()}");

    /// <summary>Answers with a code and no body.</summary>
    public static bool Answered(this HttpResponse response, int code)
    {
        response.StatusCode = code;
        response.ContentLength = 0;
        return true;
    }

    /// <summary>Answers with a redirection.</summary>
    public static bool Redirected(this HttpResponse response, int code, string location)
    {
        response.Headers.Location = location;
        return response.Answered(code);
    }
}
