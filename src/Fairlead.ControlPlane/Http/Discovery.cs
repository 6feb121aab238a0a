using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Registry;
using Fairlead.ControlPlane.Store;
using Microsoft.AspNetCore.Http;

namespace Fairlead.ControlPlane.Http;

/// <summary>What the server serves: /api, /apis and below, aggregated (apidiscovery.k8s.io) and plain. Fixed when the server starts.</summary>
internal sealed class Discovery
{
    private readonly List<ApiGroup> _groups = ApiGroup.All();
    private readonly Document _core;
    private readonly Document _named;

    public Discovery()
    {
        _core = Aggregate(_groups.Where(group => group.Name.Length == 0));
        _named = Aggregate(_groups.Where(group => group.Name.Length > 0));
    }

    /// <summary>Answers when the path is one of discovery's.</summary>
    public async Task<bool> TryHandleAsync(HttpContext context, string path)
    {
        switch (path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            case ["api"]:
                await RootAsync(context, _core, Versions());
                return true;
            case ["apis"]:
                await RootAsync(context, _named, Groups());
                return true;
            case ["api", var version]:
                await ResourcesAsync(context, "", version);
                return true;
            case ["apis", var name] when _groups.Find(group => group.Name == name && name.Length > 0) is { } found:
                var document = found.ToJson();
                (document["kind"], document["apiVersion"]) = ("APIGroup", "v1");
                await Answer.JsonAsync(context, 200, document);
                return true;
            case ["apis", var name, var version]:
                await ResourcesAsync(context, name, version);
                return true;
            default:
                return false;
        }
    }

    private static async Task RootAsync(HttpContext context, Document aggregated, JsonObject plain)
    {
        foreach (var range in MediaType.ParseAll(context.Request.Headers.Accept.ToString()))
        {
            if (range["as"] == "APIGroupDiscoveryList" && range["g"] == "apidiscovery.k8s.io" && range["v"] is "v2" or "v2beta1")
            {
                await AggregatedAsync(context, aggregated, range["v"]);
                return;
            }

            if (range.Type is "application/json" or "*/*" or "application/*" && range["as"].Length == 0)
            {
                break;
            }
        }

        await Answer.JsonAsync(context, 200, plain);
    }

    private static async Task AggregatedAsync(HttpContext context, Document aggregated, string version)
    {
        var etag = $"\"{aggregated.Hash}\"";
        context.Response.Headers.ETag = etag;
        context.Response.Headers.Vary = "Accept";
        context.Response.Headers.CacheControl = "public";
        if (context.Request.Headers.IfNoneMatch == etag)
        {
            context.Response.StatusCode = 304;
            return;
        }

        var document = aggregated.Value.DeepClone().AsObject();
        document["apiVersion"] = $"apidiscovery.k8s.io/{version}";
        await Answer.BytesAsync(
            context, 200, $"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList", JsonBytes.Of(document));
    }

    private static Document Aggregate(IEnumerable<ApiGroup> groups)
    {
        var list = new JsonObject
        {
            ["kind"] = "APIGroupDiscoveryList",
            ["apiVersion"] = "apidiscovery.k8s.io/v2",
            ["metadata"] = new JsonObject(),
            ["items"] = new JsonArray([.. groups.Select(group => group.ToAggregated())]),
        };
        return new Document(list, Convert.ToHexString(SHA256.HashData(JsonBytes.Of(list))));
    }

    private static JsonObject Versions() => new()
    {
        ["kind"] = "APIVersions",
        ["versions"] = new JsonArray("v1"),
        ["serverAddressByClientCIDRs"] = new JsonArray(),
    };

    private JsonObject Groups() => new()
    {
        ["kind"] = "APIGroupList",
        ["apiVersion"] = "v1",
        ["groups"] = new JsonArray([.. _groups.Where(group => group.Name.Length > 0).Select(group => group.ToJson())]),
    };

    private Task ResourcesAsync(HttpContext context, string name, string version)
    {
        var resources = _groups.Find(group => group.Name == name)?.ToResourceList(version) ?? throw StatusException.NoSuchPath();
        return Answer.JsonAsync(context, 200, resources);
    }

    private sealed record Document(JsonObject Value, string Hash);
}
