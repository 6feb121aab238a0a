using Fairlead.Cluster.Model;
using Fairlead.Ingress.Translate;
using Fairlead.Linux.Addresses;
using Fairlead.State;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Fairlead.Tests.Ingress;

/// <summary>Requests and routes for the tests of behaviours.</summary>
internal static class Behaving
{
    public static Route Route(RouteOptions options, string host = "shop.example.org", string path = "/") => new(
        new ObjectKey("shop", "web"), host, path, PathType.Prefix, new Backend(new BackendKey(new ObjectKey("shop", "web"), "80")), options);

    public static HttpContext Request(string url, string method = "GET", params (string Name, string Value)[] headers)
    {
        var uri = new Uri(url);
        var features = new FeatureCollection();
        features.Set<IHttpRequestFeature>(new HttpRequestFeature());
        features.Set<IHttpResponseFeature>(new Starting());
        features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(new MemoryStream()));
        var context = new DefaultHttpContext(features);
        context.Request.Method = method;
        context.Request.Scheme = uri.Scheme;
        context.Request.Host = new HostString(uri.Authority);
        context.Request.Path = PathString.FromUriComponent(uri);
        context.Request.QueryString = QueryString.FromUriComponent(uri);
        foreach (var (name, value) in headers)
        {
            context.Request.Headers.Append(name, value);
        }

        return context;
    }

    /// <summary>Begins the answer, as a server does before its first byte.</summary>
    public static async Task<HttpResponse> StartAsync(this HttpContext context)
    {
        await ((Starting)context.Features.GetRequiredFeature<IHttpResponseFeature>()).StartAsync();
        return context.Response;
    }

    public static IpAddr Address(string text) => IpAddr.From(System.Net.IPAddress.Parse(text));

    public static ValueArray<IpNet> Nets(params string[] nets) => nets.Select(IpNet.Parse).ToValueArray();

    /// <summary>A response that runs what is to be run when it starts, the last first.</summary>
    private sealed class Starting : HttpResponseFeature
    {
        private readonly Stack<(Func<object, Task> Callback, object State)> _callbacks = [];

        public override void OnStarting(Func<object, Task> callback, object state) => _callbacks.Push((callback, state));

        public async Task StartAsync()
        {
            while (_callbacks.TryPop(out var one))
            {
                await one.Callback(one.State);
            }
        }
    }
}
