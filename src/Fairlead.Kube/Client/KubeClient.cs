using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fairlead.Kube.Client;

/// <summary>The Kubernetes API over HTTPS. Thread-safe. It repeats nothing by itself: who asked knows whether asking twice is right.</summary>
public sealed partial class KubeClient : IKubeApi, IDisposable
{
    /// <summary>The server ends a watch after this long, so that a dead connection is noticed; the reflector resumes it.</summary>
    private const int WatchSeconds = 300;

    /// <summary>The largest answer taken, in bytes: a list page of 500 objects at the API's limit of 1.5 MB would be more, and is refused.</summary>
    private const int MaxAnswer = 256 * 1024 * 1024;

    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(5);

    private readonly HttpClient _http;
    private readonly KubeConnection _connection;

    /// <summary>Connects lazily, over HTTP/2 where the server speaks it.</summary>
    public KubeClient(KubeConnection connection)
        : this(connection, ConnectPatience)
    {
    }

    /// <summary>Gives up connecting after a time.</summary>
    internal KubeClient(KubeConnection connection, TimeSpan patience)
    {
        _connection = connection;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            ConnectTimeout = patience,
            KeepAlivePingDelay = TimeSpan.FromSeconds(15),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            EnableMultipleHttp2Connections = true,
            SslOptions = Tls(connection),
        };
        if (connection.Open is { } open)
        {
            handler.ConnectCallback = (context, cancellationToken) => ConnectAsync(open, context.DnsEndPoint, cancellationToken);
        }

        if (connection.SocketsCompleteInPlace)
        {
            handler.PlaintextStreamFilter = (context, _) => new(new DispatchedStream(context.PlaintextStream));
        }

        _http = new HttpClient(handler)
        {
            BaseAddress = connection.Server,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("fairlead");
    }

    /// <summary>Has the server refuse fields that it does not know (fieldValidation=Strict), which it drops otherwise.</summary>
    public bool RefusesUnknownFields { get; init; }

    /// <summary>Is told what the server warns of when it has taken an object (header <c>Warning</c>, code 299).</summary>
    public Action<string> Warned { get; init; } = _ => { };

    /// <inheritdoc/>
    public Task<JsonObject> GetAsync(ResourceType type, string ns, string name, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, ObjectPath(type, ns, name, ""), null, cancellationToken);

    /// <inheritdoc/>
    public Task<JsonObject> ListAsync(ResourceType type, string ns, ListOptions options, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, type.Path(ns) + Query(options, watch: false), null, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<WatchEvent> WatchAsync(
        ResourceType type, string ns, ListOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var request = Request(HttpMethod.Get, type.Path(ns) + Query(options, watch: true), null);
        using var response = await SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw await RefusalAsync(response, cancellationToken);
        }

        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken), Encoding.UTF8, false, bufferSize: 16 * 1024);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (JsonNode.Parse(line) is JsonObject change && change["object"] is JsonObject document)
            {
                change.Remove("object");
                yield return new WatchEvent((string?)change["type"] ?? "", document);
            }
        }
    }

    /// <inheritdoc/>
    public Task<JsonObject> CreateAsync(ResourceType type, string ns, JsonObject body, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, type.Path(ns) + Validation, Json(body, "application/json"), cancellationToken);

    /// <inheritdoc/>
    public Task<JsonObject> UpdateAsync(
        ResourceType type, string ns, string name, string subresource, JsonObject body, CancellationToken cancellationToken) => subresource is "binding" or "token"
        ? SendAsync(HttpMethod.Post, ObjectPath(type, ns, name, subresource), Json(body, "application/json"), cancellationToken)
        : SendAsync(HttpMethod.Put, ObjectPath(type, ns, name, subresource), Json(body, "application/json"), cancellationToken);

    /// <inheritdoc/>
    public Task<JsonObject> PatchAsync(
        ResourceType type, string ns, string name, string subresource, PatchKind kind, JsonNode patch, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Patch, ObjectPath(type, ns, name, subresource) + Validation, Json(patch, MediaType(kind)), cancellationToken);

    /// <inheritdoc/>
    public Task<JsonObject> DeleteAsync(ResourceType type, string ns, string name, JsonObject? deleteOptions, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Delete, ObjectPath(type, ns, name, ""), deleteOptions is null ? null : Json(deleteOptions, "application/json"), cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>The media type of a kind of patch.</summary>
    internal static string MediaType(PatchKind kind) => kind switch
    {
        PatchKind.Json => "application/json-patch+json",
        PatchKind.Merge => "application/merge-patch+json",
        PatchKind.Strategic => "application/strategic-merge-patch+json",
        _ => "application/apply-patch+yaml",
    };

    private string Validation => RefusesUnknownFields ? "?fieldValidation=Strict" : "";

    private static SslClientAuthenticationOptions Tls(KubeConnection connection) => new()
    {
        ClientCertificates = connection.Certificate is null ? null : [connection.Certificate],
        LocalCertificateSelectionCallback = connection.Certificate is null ? null : (_, _, _, _, _) => connection.Certificate,
        CertificateChainPolicy = Trust(connection.Authorities),
    };

    private static async ValueTask<Stream> ConnectAsync(Func<Socket> open, DnsEndPoint server, CancellationToken cancellationToken)
    {
        var socket = open();
        try
        {
            await socket.ConnectAsync(server, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (Exception)
        {
            socket.Dispose();
            throw;
        }
    }

    private static X509ChainPolicy Trust(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    private static string ObjectPath(ResourceType type, string ns, string name, string subresource)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var path = $"{type.Path(ns)}/{Uri.EscapeDataString(name)}";
        return subresource.Length == 0 ? path : $"{path}/{subresource}";
    }

    private static string Query(ListOptions options, bool watch)
    {
        var query = new StringBuilder();
        void Add(string key, string value)
        {
            if (value.Length > 0)
            {
                query.Append(query.Length == 0 ? '?' : '&').Append(key).Append('=').Append(Uri.EscapeDataString(value));
            }
        }

        Add("labelSelector", options.LabelSelector);
        Add("fieldSelector", options.FieldSelector);
        Add("resourceVersion", options.ResourceVersion);
        if (watch)
        {
            Add("watch", "1");
            Add("allowWatchBookmarks", "true");
            Add("timeoutSeconds", $"{WatchSeconds}");
        }
        else
        {
            Add("limit", options.Limit > 0 ? $"{options.Limit}" : "");
            Add("continue", options.Continue);
        }

        return query.ToString();
    }

    private static ByteArrayContent Json(JsonNode body, string mediaType)
    {
        var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            body.WriteTo(writer);
        }

        var content = new ByteArrayContent(buffer.GetBuffer(), 0, (int)buffer.Length);
        content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        return content;
    }

    // Said on every request: HttpClient's default version is not that of requests given to SendAsync, and HTTP/1.1 costs a TLS handshake for each
    // request that runs beside others.
    private static HttpRequestMessage Request(HttpMethod method, string path, HttpContent? body) => new(method, path)
    {
        Content = body,
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
    };

    /// <summary>What ends it is the caller's token alone: an answer that does not come in time is a failure like any other.</summary>
    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (_connection.Token() is { Length: > 0 } token)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        try
        {
            return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            // A connection that does not come about in time ends in a cancellation that nobody asked for.
            throw new HttpRequestException(HttpRequestError.ConnectionError, $"nothing was heard from {_http.BaseAddress?.Authority} in time", e);
        }
    }

    private async Task<JsonObject> SendAsync(HttpMethod method, string path, HttpContent? body, CancellationToken cancellationToken)
    {
        using var request = Request(method, path, body);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        using var response = await SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw await RefusalAsync(response, cancellationToken);
        }

        foreach (var warning in response.Headers.Warning)
        {
            // A quoted-string (RFC 9110 §5.6.4).
            Warned(warning.Text.Trim('"').Replace("\\\"", "\"", StringComparison.Ordinal).Replace(@"\\", @"\", StringComparison.Ordinal));
        }

        return await ReadAsync(response, cancellationToken) ?? throw new KubeException((int)response.StatusCode, "", "the answer is not a JSON object");
    }

    private static async Task<KubeException> RefusalAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var status = await ReadAsync(response, cancellationToken);
        return new KubeException(
            (int)response.StatusCode, (string?)status?["reason"] ?? "", (string?)status?["message"] ?? $"the API server answered {(int)response.StatusCode}", status);
    }

    private static async Task<JsonObject?> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.Content.Headers.ContentLength is > MaxAnswer)
        {
            return null;
        }

        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            return await JsonNode.ParseAsync(stream, cancellationToken: cancellationToken) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
