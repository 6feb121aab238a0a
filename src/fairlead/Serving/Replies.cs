using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Fairlead.Serving;

/// <summary>Short answers.</summary>
internal static class Replies
{
    public static Task JsonAsync(HttpContext context, int code, JsonObject body) => TextAsync(context, code, body.ToJsonString(), "application/json");

    public static Task TextAsync(HttpContext context, int code, string body, string contentType)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = contentType;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return context.Response.WriteAsync(body, context.RequestAborted);
    }
}
