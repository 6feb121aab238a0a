using System.Globalization;
using Fairlead.Ingress.Translate;
using Fairlead.State;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Ingress.Behaviours;

/// <summary>
/// Tells browsers what pages of other origins may ask and see (Fetch standard, §3.2 CORS protocol). An origin is named only where it is allowed by name;
/// where all are, the answer is <c>*</c>, which no browser takes together with credentials.
/// </summary>
public static class Cors
{
    /// <summary>Answers a preflight; false: the request goes on, and its answer will have the headers.</summary>
    public static bool Answer(HttpContext context, CorsRules? rules)
    {
        if (rules is null)
        {
            return false;
        }

        var request = context.Request;
        var isForAll = IsForAll(rules);
        var origin = request.Headers.Origin is { Count: 1 } values && values[0] is { Length: > 0 } one && (isForAll || IsAllowed(rules.Origins, one)) ? one : null;
        if (HttpMethods.IsOptions(request.Method) && request.Headers.Origin.Count > 0 && request.Headers.AccessControlRequestMethod.Count > 0)
        {
            Set(context.Response.Headers, rules, origin, isForAll);
            if (origin is not null)
            {
                context.Response.Headers.AccessControlAllowMethods = rules.Methods;
                context.Response.Headers.AccessControlAllowHeaders = rules.Headers;
                context.Response.Headers.AccessControlMaxAge = rules.MaxAgeSeconds.ToString(CultureInfo.InvariantCulture);
            }

            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return true;
        }

        // Once the endpoint has answered: what it says itself of the origin is replaced.
        context.Response.OnStarting(() =>
        {
            Set(context.Response.Headers, rules, origin, isForAll);
            return Task.CompletedTask;
        });
        return false;
    }

    /// <summary>An origin is among those allowed; a <c>*.</c> stands for one label.</summary>
    public static bool IsAllowed(ValueArray<string> origins, string origin)
    {
        foreach (var allowed in origins)
        {
            if (allowed.Equals(origin, StringComparison.OrdinalIgnoreCase) || MatchesWildcard(allowed, origin))
            {
                return true;
            }
        }

        return false;
    }

    private static bool MatchesWildcard(ReadOnlySpan<char> allowed, ReadOnlySpan<char> origin)
    {
        var star = allowed.IndexOf("://*.", StringComparison.Ordinal) + 3;
        if (star < 3 || origin.Length < allowed.Length
            || !origin.StartsWith(allowed[..star], StringComparison.OrdinalIgnoreCase) || !origin.EndsWith(allowed[(star + 1)..], StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        foreach (var character in origin[star..^(allowed.Length - star - 1)])
        {
            if (!char.IsAsciiLetterOrDigit(character) && character != '-')
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsForAll(CorsRules rules) => rules.Origins.Contains("*");

    private static void Set(IHeaderDictionary headers, CorsRules rules, string? origin, bool isForAll)
    {
        if (!isForAll && !headers.Vary.Any(value => value is not null && value.Contains("Origin", StringComparison.OrdinalIgnoreCase)))
        {
            headers.Append("Vary", "Origin");
        }

        if (origin is null)
        {
            return;
        }

        headers.AccessControlAllowOrigin = isForAll ? "*" : origin;
        headers.Remove("Access-Control-Allow-Credentials");
        if (rules.Credentials && !isForAll)
        {
            headers.AccessControlAllowCredentials = "true";
        }

        if (rules.ExposedHeaders.Length > 0)
        {
            headers.AccessControlExposeHeaders = rules.ExposedHeaders;
        }
    }
}
