using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Pki;
using Fairlead.Testing;

namespace Fairlead.Tests.ControlPlane;

/// <summary>The wire: TLS, media types, Status, discovery, watch streams, and the pods role behind it.</summary>
public sealed class HttpTests : IAsyncLifetime
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    private readonly string _directory = Directory.CreateTempSubdirectory("fairlead-http-").FullName;
    private Fairlead.ControlPlane.ControlPlane _plane = null!;
    private HttpClient _client = null!;

    private string PodsSocket => Path.Combine(_directory, "pods.sock");

    public async ValueTask InitializeAsync()
    {
        _plane = await Fairlead.ControlPlane.ControlPlane.StartAsync(
            new ControlPlaneOptions
            {
                StateDirectory = Path.Combine(_directory, "state"),
                Listen = [new IPEndPoint(IPAddress.Loopback, 0)],
                PodsSocket = PodsSocket,
            },
            default);
        _client = Client(_plane.IssueAdministrator());
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _plane.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Nobody_is_admitted_without_a_certificate_of_this_cluster_or_a_token()
    {
        using var nobody = Client(null);
        foreach (var path in (string[])["/version", "/healthz", "/api", "/openid/v1/jwks", ConfigMaps, "/nowhere"])
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.GetAsync(path)).StatusCode);
        }

        nobody.DefaultRequestHeaders.Authorization = new("Bearer", "nonsense");
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.GetAsync("/version")).StatusCode);
        using var other = ClusterAuthority.OpenOrCreate(Path.Combine(_directory, "other"), TimeProvider.System);
        using var stranger = Client(other.IssueClient("fairlead-admin", "system:masters"));
        await Assert.ThrowsAnyAsync<Exception>(() => stranger.GetAsync("/version"));
        Assert.Equal(HttpStatusCode.OK, (await _client.GetAsync("/version")).StatusCode);
    }

    [Fact]
    public async Task Older_TLS_is_refused()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(_plane.Endpoints[0]);
        await using var tls = new SslStream(socket.GetStream(), false, Trusted!);
#pragma warning disable CA5398 // the version is the point
        await Assert.ThrowsAnyAsync<Exception>(() => tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = SslProtocols.Tls12 }));
#pragma warning restore CA5398
    }

    [Fact]
    public void The_authority_and_its_key_are_readable_by_the_owner_alone()
    {
        var pki = Path.Combine(_directory, "state", "pki");
        Assert.Equal("700\n600\n", Tool.Run("stat", "-c", "%a", pki, Path.Combine(pki, "ca.key")));
    }

    [Fact]
    public async Task Media_types_are_negotiated_or_refused()
    {
        Assert.Equal(406, await CodeAsync(HttpMethod.Get, ConfigMaps, accept: "text/csv"));
        Assert.Equal(200, await CodeAsync(HttpMethod.Get, ConfigMaps, accept: "application/vnd.kubernetes.protobuf,application/json"));
        Assert.Equal(415, await CodeAsync(HttpMethod.Post, ConfigMaps, "a: b", "text/plain"));
        Assert.Equal(415, await CodeAsync(HttpMethod.Patch, ConfigMaps + "/x", "{}", "application/json"));
        Assert.Equal(201, await CodeAsync(HttpMethod.Post, ConfigMaps, "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: yaml }\n", "application/yaml"));
        Assert.Equal(413, await CodeAsync(HttpMethod.Post, ConfigMaps, new string(' ', 4 << 20), "application/json"));
        Assert.Equal(400, await CodeAsync(HttpMethod.Post, ConfigMaps, "{", "application/json"));
        Assert.Equal(400, await CodeAsync(HttpMethod.Post, ConfigMaps, new string('[', 5000), "application/json"));
        Assert.Equal(400, await CodeAsync(HttpMethod.Post, ConfigMaps, "[]", "application/json"));
        Assert.Equal(406, await CodeAsync(HttpMethod.Post, ConfigMaps, """{"metadata":{"name":"unwanted"}}""", "application/json", "text/csv"));
        Assert.Equal(404, await CodeAsync(HttpMethod.Get, ConfigMaps + "/unwanted"));
    }

    [Fact]
    public async Task What_is_not_there_or_not_possible_has_its_Status()
    {
        var missing = await JsonAsync(HttpMethod.Get, ConfigMaps + "/nothing");
        Assert.Equal(("Status", "NotFound", "nothing", "configmaps", 404), (missing.Text("kind"), missing.Text("reason"), missing.Text("details", "name"), missing.Text("details", "kind"), missing.Number("code")));
        Assert.Equal(404, await CodeAsync(HttpMethod.Get, "/apis/nothing.example.com/v1/things"));
        Assert.Equal(404, await CodeAsync(HttpMethod.Get, "/somewhere"));
        Assert.Equal(404, await CodeAsync(HttpMethod.Get, "/api/v1/namespaces/default/nodes/a"));
        Assert.Equal(405, await CodeAsync(HttpMethod.Put, ConfigMaps, "{}", "application/json"));
        Assert.Equal(400, await CodeAsync(HttpMethod.Get, ConfigMaps + "?limit=many"));
        Assert.Equal(400, await CodeAsync(HttpMethod.Get, ConfigMaps + "?labelSelector=a%20b"));
        Assert.Equal(404, await CodeAsync(HttpMethod.Post, "/api/v1/namespaces/default/pods/a/portforward"));
    }

    [Fact]
    public async Task Whoever_reads_or_writes_Endpoints_is_told_of_EndpointSlices()
    {
        const string Told = "299 - \"v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\"";
        foreach (var (method, path, body) in new[]
        {
            (HttpMethod.Post, "/api/v1/namespaces/default/endpoints", """{"metadata":{"name":"e"}}"""),
            (HttpMethod.Get, "/api/v1/namespaces/default/endpoints/e", null),
            (HttpMethod.Get, "/api/v1/endpoints", null),
        })
        {
            using var answer = await SendAsync(method, path, body);
            Assert.True(answer.IsSuccessStatusCode);
            Assert.Equal(Told, Assert.Single(answer.Headers.GetValues("Warning")));
        }

        using var slices = await SendAsync(HttpMethod.Get, "/apis/discovery.k8s.io/v1/endpointslices");
        Assert.False(slices.Headers.Contains("Warning"));
    }

    [Theory]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"applied"},"data":{"a":"b"}}""", 201)]
    [InlineData("{apiVersion: v1, kind: ConfigMap, metadata: {name: applied}, data: {a: b}}", 201)]
    [InlineData("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: applied}\ndata: {a: b}\n", 201)]
    [InlineData("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"applied"},"data":{"a":"b"}""", 400)]
    public async Task An_apply_is_read_as_JSON_or_as_YAML_of_any_style(string body, int code) =>
        Assert.Equal(code, await CodeAsync(HttpMethod.Patch, ConfigMaps + "/applied?fieldManager=test", body, "application/apply-patch+yaml"));

    [Fact]
    public async Task Fields_are_validated_as_the_request_asks()
    {
        const string Odd = """{"metadata":{"name":"NAME"},"data":{"a":"1","a":"2"},"date":{}}""";
        var strict = await SendAsync(HttpMethod.Post, ConfigMaps + "?fieldValidation=Strict", Odd.Replace("NAME", "s", StringComparison.Ordinal), "application/json");
        Assert.Equal(400, (int)strict.StatusCode);
        Assert.Contains("strict decoding error: unknown field \\\"date\\\", duplicate field \\\"data.a\\\"", await strict.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var warn = await SendAsync(HttpMethod.Post, ConfigMaps + "?fieldValidation=Warn", Odd.Replace("NAME", "w", StringComparison.Ordinal), "application/json");
        Assert.Equal(201, (int)warn.StatusCode);
        Assert.Equal(["""299 - "unknown field \"date\"" """.Trim(), """299 - "duplicate field \"data.a\"" """.Trim()], warn.Headers.GetValues("Warning"));
        var ignore = await SendAsync(HttpMethod.Post, ConfigMaps + "?fieldValidation=Ignore", Odd.Replace("NAME", "i", StringComparison.Ordinal), "application/json");
        Assert.False(ignore.Headers.Contains("Warning"));
        Assert.DoesNotContain("\"date\"", await ignore.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tables_and_metadata_are_given_to_those_who_ask()
    {
        await CodeAsync(HttpMethod.Post, ConfigMaps, """{"metadata":{"name":"t"},"data":{"k":"v"}}""", "application/json");
        var table = await JsonAsync(HttpMethod.Get, ConfigMaps, "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
        Assert.Equal(("Table", "meta.k8s.io/v1"), (table.Text("kind"), table.Text("apiVersion")));
        Assert.Equal(["Name", "Data", "Age"], table.List("columnDefinitions")!.Select(column => column.Text("name")));
        Assert.Equal(("t", 1), (table.List("rows")![0].List("cells")![0].AsText(), table.List("rows")![0].List("cells")![1].AsNumber()));
        Assert.Equal("PartialObjectMetadata", table.List("rows")![0].Text("object", "kind"));
        var partial = await JsonAsync(HttpMethod.Get, ConfigMaps, "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");
        Assert.Equal("PartialObjectMetadataList", partial.Text("kind"));
        Assert.Equal(("t", null), (partial.List("items")![0].Text("metadata", "name"), partial.List("items")![0].At("data")));
        var full = await JsonAsync(HttpMethod.Get, ConfigMaps + "?includeObject=Object", "application/json;as=Table;v=v1;g=meta.k8s.io");
        Assert.Equal("v", full.List("rows")![0].Text("object", "data", "k"));
    }

    [Fact]
    public async Task Discovery_is_aggregated_plain_and_cached_by_its_tag()
    {
        const string Aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
        var answer = await SendAsync(HttpMethod.Get, "/apis", accept: Aggregated + ",application/json");
        Assert.Equal(Aggregated, answer.Content.Headers.GetValues("Content-Type").Single().Replace(" ", "", StringComparison.Ordinal));
        var groups = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!.List("items")!;
        Assert.Contains("networking.k8s.io", groups.Select(group => group.Text("metadata", "name")));
        using var again = new HttpRequestMessage(HttpMethod.Get, "/apis");
        again.Headers.Accept.ParseAdd(Aggregated);
        again.Headers.IfNoneMatch.Add(answer.Headers.ETag!);
        Assert.Equal(HttpStatusCode.NotModified, (await _client.SendAsync(again)).StatusCode);
        foreach (var group in (await JsonAsync(HttpMethod.Get, "/apis")).List("groups")!)
        {
            var preferred = group.Text("preferredVersion", "groupVersion");
            var resources = await JsonAsync(HttpMethod.Get, $"/apis/{preferred}");
            Assert.Equal(("APIResourceList", preferred), (resources.Text("kind"), resources.Text("groupVersion")));
            Assert.NotEmpty(resources.List("resources")!);
        }

        Assert.Contains("pods/log", (await JsonAsync(HttpMethod.Get, "/api/v1")).List("resources")!.Select(item => item.Text("name")));
    }

    [Fact]
    public async Task A_watch_is_a_line_per_event_and_ends_when_its_time_is_up()
    {
        using var answer = await _client.SendAsync(
            new HttpRequestMessage(HttpMethod.Get, ConfigMaps + "?watch=1&timeoutSeconds=1&resourceVersion=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"),
            HttpCompletionOption.ResponseHeadersRead, Deadline.Token());
        await CodeAsync(HttpMethod.Post, ConfigMaps, """{"metadata":{"name":"w"}}""", "application/json");
        var lines = (await answer.Content.ReadAsStringAsync(Deadline.Token())).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!).ToList();
        Assert.Equal(["BOOKMARK", "ADDED"], lines.Select(line => line.Text("type")));
        Assert.Equal("true", lines[0].Text("object", "metadata", "annotations", "k8s.io/initial-events-end"));
        Assert.Equal("w", lines[1].Text("object", "metadata", "name"));
    }

    [Fact]
    public async Task A_watch_that_has_been_passed_gets_an_error_event_with_410()
    {
        var old = (await JsonAsync(HttpMethod.Get, ConfigMaps)).Text("metadata", "resourceVersion");
        await _plane.DisposeAsync();
        _plane = await Fairlead.ControlPlane.ControlPlane.StartAsync(
            new ControlPlaneOptions { StateDirectory = Path.Combine(_directory, "state"), Listen = [new IPEndPoint(IPAddress.Loopback, 0)], PodsSocket = PodsSocket }, default);
        _client = Client(_plane.IssueAdministrator());
        var fine = await JsonAsync(HttpMethod.Get, ConfigMaps + $"?watch=1&timeoutSeconds=1&resourceVersion={old}", empty: true);
        Assert.Empty(fine);
        var gone = await JsonAsync(HttpMethod.Get, ConfigMaps + "?watch=1&timeoutSeconds=1&resourceVersion=1");
        Assert.Equal(("ERROR", 410, "Expired"), (gone.Text("type"), gone.Number("object", "code"), gone.Text("object", "reason")));
    }

    [Fact]
    public async Task An_upgrade_is_spliced_only_after_the_pods_role_has_agreed_and_a_silent_one_is_named()
    {
        await RunningPodAsync();
        const string Exec = "/api/v1/namespaces/default/pods/p/exec?command=ls&stdout=true";
        Assert.Contains("does not answer", (await HandshakeAsync(Exec)).Body, StringComparison.Ordinal);
        foreach (var (said, code, text) in ((string, int, string)[])
        [
            ("HTTP/1.1 400 Bad Request\r\nContent-Length: 9\r\n\r\nno such c", 400, "no such c"),
            ("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 2\r\n\r\n{}", 500, "the pods role answered 302"),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 500, "abc"),
            ("nonsense\r\n\r\n", 502, "not HTTP"),
            ("", 502, "ended within the head"),
        ])
        {
            using var pods = new OneAnswer(PodsSocket, said);
            var answer = await HandshakeAsync(Exec);
            Assert.Equal(code, answer.Code);
            Assert.Contains(text, answer.Body, StringComparison.Ordinal);
            Assert.StartsWith("GET /exec/default/p/c?command=ls&stdout=true HTTP/1.1\r\n", await pods.Request, StringComparison.Ordinal);
            Assert.True(await pods.ClosedByPeer);
        }

        using (new OneAnswer(PodsSocket, "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: xyz\r\n\r\nbytes behind the head"))
        {
            var upgraded = await HandshakeAsync(Exec);
            Assert.Equal((101, "bytes behind the head"), (upgraded.Code, upgraded.Body));
        }

        Assert.Equal(400, await CodeAsync(HttpMethod.Get, Exec));
    }

    private async Task RunningPodAsync()
    {
        await CodeAsync(
            HttpMethod.Post, "/api/v1/namespaces/default/pods",
            """{"metadata":{"name":"p"},"spec":{"nodeName":"n","containers":[{"name":"c","image":"i"}]}}""", "application/json");
    }

    private HttpClient Client(ClientCredential? credential)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = Trusted;
        if (credential is not null)
        {
            handler.SslOptions.ClientCertificates = [X509Certificate2.CreateFromPem(credential.CertificatePem, credential.KeyPem)];
        }

        return new HttpClient(handler) { BaseAddress = new Uri($"https://{_plane.Endpoints[0]}") };
    }

    private bool Trusted(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        using var own = new X509Chain();
        own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        own.ChainPolicy.CustomTrustStore.Add(X509Certificate2.CreateFromPem(_plane.AuthorityPem));
        own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return own.Build((X509Certificate2)certificate!) && (errors & SslPolicyErrors.RemoteCertificateNameMismatch) == 0;
    }

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? body = null, string type = "application/json", string accept = "")
    {
        var request = new HttpRequestMessage(method, path);
        if (accept.Length > 0)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        if (body is not null)
        {
            request.Content = new StringContent(body);
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        }

        return _client.SendAsync(request, Deadline.Token());
    }

    private async Task<int> CodeAsync(HttpMethod method, string path, string? body = null, string type = "application/json", string accept = "")
    {
        using var answer = await SendAsync(method, path, body, type, accept);
        return (int)answer.StatusCode;
    }

    private async Task<JsonObject> JsonAsync(HttpMethod method, string path, string accept = "", bool empty = false)
    {
        using var answer = await SendAsync(method, path, accept: accept);
        var text = await answer.Content.ReadAsStringAsync();
        return empty && text.Length == 0 ? [] : JsonNode.Parse(text)!.AsObject();
    }

    /// <summary>A WebSocket handshake by hand: the code, and what followed the head.</summary>
    private async Task<(int Code, string Body)> HandshakeAsync(string path)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(_plane.Endpoints[0]);
        await using var tls = new SslStream(socket.GetStream(), false, Trusted!);
        var credential = _plane.IssueAdministrator();
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            ClientCertificates = [X509Certificate2.CreateFromPem(credential.CertificatePem, credential.KeyPem)],
        });
        await tls.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: a2V5a2V5a2V5a2V5a2V5MA==\r\n" +
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n"));
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (true)
        {
            var read = await tls.ReadAsync(buffer, Deadline.Token());
            text.Append(Encoding.ASCII.GetString(buffer, 0, read));
            var parts = text.ToString().Split("\r\n\r\n", 2);
            if (parts.Length == 2 && parts[1].Length > 0)
            {
                return (int.Parse(parts[0].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture), parts[1]);
            }

            Assert.NotEqual(0, read);
        }
    }

    /// <summary>Answers one connection to a unix socket with a text, and tells what was asked and whether the other side hung up.</summary>
    private sealed class OneAnswer : IDisposable
    {
        private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        private readonly TaskCompletionSource<string> _request = new();
        private readonly string _path;

        public OneAnswer(string path, string said)
        {
            _path = path;
            _listener.Bind(new UnixDomainSocketEndPoint(path));
            _listener.Listen();
            ClosedByPeer = AnswerAsync(said);
        }

        public Task<string> Request => _request.Task;

        public Task<bool> ClosedByPeer { get; }

        public void Dispose()
        {
            _listener.Dispose();
            File.Delete(_path);
        }

        private async Task<bool> AnswerAsync(string said)
        {
            using var peer = await _listener.AcceptAsync(Deadline.Token());
            var buffer = new byte[4096];
            var text = "";
            while (!text.Contains("\r\n\r\n", StringComparison.Ordinal))
            {
                text += Encoding.ASCII.GetString(buffer, 0, await peer.ReceiveAsync(buffer, Deadline.Token()));
            }

            _request.SetResult(text);
            await peer.SendAsync(Encoding.ASCII.GetBytes(said));
            if (said.Length == 0)
            {
                peer.Shutdown(SocketShutdown.Send);
            }

            return await peer.ReceiveAsync(buffer, Deadline.Token()) == 0;
        }
    }
}
