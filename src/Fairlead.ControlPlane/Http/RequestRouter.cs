using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Forwarding;
using Fairlead.ControlPlane.Registry;
using Fairlead.ControlPlane.Store;
using Fairlead.Kube;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Fairlead.ControlPlane.Http;

/// <summary>The one entry of every request: who, what, and a Status for everything that goes wrong.</summary>
internal sealed class RequestRouter(
    Authenticator authenticator, ResourceHandler resources, ProxyHandler proxy, Reviews reviews, Discovery discovery, OpenApiHandler openApi,
    OpenIdHandler openId, ObjectStore store, ILogger logger)
{
    /// <summary>Answers one request; never throws but for a client that is gone.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            context.Response.Headers.CacheControl = "no-cache, private";
            await RouteAsync(context);
        }
        catch (StatusException refusal) when (!context.Response.HasStarted)
        {
            await Answer.StatusAsync(context, refusal);
        }
        catch (StoreException e) when (!context.Response.HasStarted)
        {
            HttpLog.StoreFailed(logger, e.Message);
            await Answer.StatusAsync(context, StatusException.Internal(e.Message));
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            HttpLog.ClientGone(logger, context.Request.Method, context.Request.Path);
        }
        catch (Exception e) when (e is not OperationCanceledException && !context.Response.HasStarted)
        {
            HttpLog.RequestFailed(logger, context.Request.Method, context.Request.Path, e);
            await Answer.StatusAsync(context, StatusException.Internal(e.Message));
        }
    }

    private async Task RouteAsync(HttpContext context)
    {
        var caller = Impersonation.Apply(context.Request.Headers, authenticator.Identify(context));
        var path = context.Request.Path.Value ?? "/";
        if (path.StartsWith("/api", StringComparison.Ordinal))
        {
            if (ProxyPath.Parse(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget) is { } proxied)
            {
                await proxy.HandleAsync(context, caller, proxied);
                return;
            }

            if (context.Request.Method == "GET" && await discovery.TryHandleAsync(context, path))
            {
                return;
            }

            var names = ApiPath.Parse(path) ?? throw StatusException.NoSuchPath();
            if (!await reviews.TryHandleAsync(context, caller, names))
            {
                await resources.HandleAsync(context, caller, names);
            }

            return;
        }

        Authorizer.DemandPath(caller, context.Request.Method, path);
        await (path.TrimEnd('/') switch
        {
            "/version" => Answer.JsonAsync(context, 200, Version()),
            "/healthz" or "/livez" or "/readyz" => Health(context, path),
            "" => Answer.JsonAsync(context, 200, new JsonObject { ["paths"] = new JsonArray("/.well-known/openid-configuration", "/api", "/apis", "/healthz", "/livez", "/openapi/v3", "/openid/v1/jwks", "/readyz", "/version") }),
            var other => openApi.TryHandle(context, other) ?? openId.TryHandle(context, other) ?? throw StatusException.NoSuchPath(),
        });
    }

    private Task Health(HttpContext context, string path)
    {
        var name = path.Trim('/');
        return store.Failure is { } failure
            ? Answer.TextAsync(context, 500, $"[+]ping ok\n[-]store failed: {failure}\n{name} check failed\n")
            : Answer.TextAsync(context, 200, context.Request.Query.ContainsKey("verbose") ? $"[+]ping ok\n[+]store ok\n{name} check passed\n" : "ok");
    }

    private static JsonObject Version()
    {
        var product = typeof(RequestRouter).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
        return new JsonObject
        {
            ["major"] = "1",
            ["minor"] = KubernetesVersion.Minor,
            ["gitVersion"] = $"{KubernetesVersion.Text}+fairlead.{product.Split('+')[0]}",
            ["gitCommit"] = "",
            ["gitTreeState"] = "clean",
            ["buildDate"] = "1970-01-01T00:00:00Z",
            ["goVersion"] = "",
            ["compiler"] = RuntimeInformation.FrameworkDescription,
            ["platform"] = RuntimeInformation.RuntimeIdentifier.Replace('-', '/').Replace("x64", "amd64", StringComparison.Ordinal),
        };
    }
}
