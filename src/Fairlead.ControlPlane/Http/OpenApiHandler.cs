using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;
using Fairlead.Kube.Schema;
using Fairlead.Kube.Schema.OpenApi;
using Microsoft.AspNetCore.Http;

namespace Fairlead.ControlPlane.Http;

/// <summary>
/// Serves the OpenAPI v3 documents. Their addresses carry a hash, under which a document never changes, so that clients keep it for good.
/// There is no v2: clients since 1.27 use v3, by which they also see that the server checks fields itself.
/// </summary>
internal sealed class OpenApiHandler
{
    private const string Root = "/openapi/v3";

    /// <summary>
    /// A document of OpenAPI 2 that says its version and nothing more: kubectl asks for it when it does not find a kind in version 3, and says
    /// that there is no such kind only when it has got one.
    /// </summary>
    private static readonly byte[] EmptyVersion2 = [0x0a, 0x03, .. "2.0"u8];

    private readonly OpenApiDocuments _documents = new(
        SchemaCatalog.Default, [.. KindTable.All.Select(kind => new OpenApiResource(kind.Type, kind.Verbs, kind.Subresources))]);

    /// <summary>Answers when the path is one of OpenAPI's, else null.</summary>
    public Task? TryHandle(HttpContext context, string path)
    {
        if (path == Root)
        {
            return SendAsync(context, _documents.Index);
        }

        if (path == "/openapi/v2")
        {
            return Answer.BytesAsync(context, StatusCodes.Status200OK, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", EmptyVersion2);
        }

        if (!path.StartsWith("/openapi/", StringComparison.Ordinal))
        {
            return null;
        }

        var document = path.StartsWith(Root + "/", StringComparison.Ordinal) ? _documents.Find(path[(Root.Length + 1)..]) : null;
        if (document is null)
        {
            return Answer.StatusAsync(context, StatusException.NoSuchPath());
        }

        var asked = context.Request.Query["hash"].ToString();
        if (asked.Length > 0 && asked != document.Hash)
        {
            context.Response.Redirect($"{path}?hash={document.Hash}", permanent: true);
            return Task.CompletedTask;
        }

        if (asked.Length > 0)
        {
            context.Response.Headers.CacheControl = "public, immutable";
            context.Response.Headers.Expires = "Thu, 31 Dec 2099 23:59:59 GMT";
        }

        return SendAsync(context, document);
    }

    private static Task SendAsync(HttpContext context, OpenApiDocument document)
    {
        var etag = $"\"{document.Hash}\"";
        context.Response.Headers.ETag = etag;
        context.Response.Headers.Vary = "Accept";
        if (context.Request.Headers.IfNoneMatch == etag)
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        return Answer.BytesAsync(context, StatusCodes.Status200OK, "application/json", document.Json);
    }
}
