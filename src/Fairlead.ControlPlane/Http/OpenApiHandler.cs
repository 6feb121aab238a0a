using Microsoft.AspNetCore.Http;

namespace Fairlead.ControlPlane.Http;

/// <summary>Serves the OpenAPI v3 documents.</summary>
internal static class OpenApiHandler
{
    /// <summary>Answers when the path is one of OpenAPI's, else null.</summary>
    public static Task? TryHandle(HttpContext context, string path) =>
        path == "/openapi/v2" ? Answer.StatusAsync(context, Registry.StatusException.NoSuchPath()) : null;
}
