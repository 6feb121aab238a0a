using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;
using Fairlead.ControlPlane.Tokens;
using Fairlead.Kube.Client;
using Fairlead.Testing;
using static Fairlead.Tests.ControlPlane.RegistryHarness;

namespace Fairlead.Tests.ControlPlane;

public sealed class ServiceAccountTokenTests : IAsyncLifetime
{
    private const string Issuer = "https://kubernetes.default.svc.cluster.local";

    private readonly string _directory = Directory.CreateTempSubdirectory("fairlead-tokens-").FullName;
    private readonly RegistryHarness _api = new();
    private TokenKey _key = null!;
    private ServiceAccountTokens _tokens = null!;

    private string KeyFile => Path.Combine(_directory, "pki", "sa.key");

    public async ValueTask InitializeAsync()
    {
        await _api.NamespaceAsync();
        await _api.CreateAsync(ResourceTypes.ServiceAccounts, """{"metadata":{"name":"robot"}}""");
        _key = TokenKey.OpenOrCreate(KeyFile);
        _tokens = new ServiceAccountTokens(_api.Registry, _key, Issuer);
    }

    public async ValueTask DisposeAsync()
    {
        _key.Dispose();
        await _api.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void A_token_stands_for_its_account_until_it_expires()
    {
        var request = Issue("""{"expirationSeconds":600}""");
        Assert.Equal("2026-01-02T03:14:05Z", request.Text("status", "expirationTimestamp"));
        var (caller, audiences) = _tokens.Authenticate(Token(request), []);
        Assert.Equal(("system:serviceaccount:default:robot", Issuer), (caller.User, audiences.Single()));
        Assert.Equal(["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"], caller.Groups);
        _api.Time.Advance(TimeSpan.FromSeconds(599));
        _tokens.Authenticate(Token(request), []);
        _api.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Contains("expired", Refused(Token(request)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_is_good_for_its_audience_alone()
    {
        var vault = Token(Issue("""{"audiences":["vault","other"]}"""));
        Assert.Contains("audiences", Refused(vault), StringComparison.Ordinal);
        Assert.Equal(["vault"], _tokens.Authenticate(vault, ["vault", "elsewhere"]).Audiences);
    }

    [Fact]
    public async Task A_token_ends_with_its_account_and_with_the_pod_it_is_bound_to()
    {
        var pod = await _api.CreateAsync(ResourceTypes.Pods, """{"metadata":{"name":"p"},"spec":{"serviceAccountName":"robot","containers":[{"name":"c","image":"i"}]}}""");
        var free = Token(Issue("{}"));
        var bound = Token(Issue($$$"""{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p","uid":"{{{pod.Text("metadata", "uid")}}}"}}"""));
        Assert.Equal("p", _tokens.Authenticate(bound, []).Caller.Extra["authentication.kubernetes.io/pod-name"]);
        await _api.DeleteAsync(ResourceTypes.Pods, "p", new DeleteOptions { GracePeriodSeconds = 0 });
        Assert.Contains("pod p is gone", Refused(bound), StringComparison.Ordinal);
        await _api.DeleteAsync(ResourceTypes.ServiceAccounts, "robot");
        Assert.Contains("serviceaccount robot is gone", Refused(free), StringComparison.Ordinal);
        await _api.CreateAsync(ResourceTypes.ServiceAccounts, """{"metadata":{"name":"robot"}}""");
        Assert.Contains("serviceaccount robot is gone", Refused(free), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"expirationSeconds":60}""", 422, "spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes")]
    [InlineData("""{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"none"}}""", 404, "pods \"none\" not found")]
    [InlineData("""{"boundObjectRef":{"apiVersion":"v1","kind":"Service","name":"s"}}""", 400, "cannot bind token for serviceaccount \"robot\" to object type v1, Kind=Service")]
    [InlineData("""{"boundObjectRef":{"apiVersion":"v1","kind":"Pod","name":"p"}}""", 400, "to pod running with different serviceaccount name")]
    public async Task A_request_that_cannot_be_granted_is_refused_with_its_reason(string spec, int code, string said)
    {
        await _api.CreateAsync(ResourceTypes.Pods, """{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        var refusal = Assert.Throws<StatusException>(() => Issue(spec));
        Assert.Equal(code, refusal.Code);
        Assert.Contains(said, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_others_signed_or_changed_is_refused_and_the_key_outlives_a_restart()
    {
        var token = Token(Issue("{}"));
        using var other = TokenKey.OpenOrCreate(Path.Combine(_directory, "other", "sa.key"));
        var forged = new ServiceAccountTokens(_api.Registry, other, Issuer).Issue("default", "robot", []);
        var parts = token.Split('.');
        var none = "eyJhbGciOiJub25lIn0";
        foreach (var bad in (string[])[Token(forged), $"{parts[0]}.{parts[1]}.", $"{none}.{parts[1]}.", $"{parts[0]}.{parts[1][..^4]}AAAA.{parts[2]}", "", "a.b.c", "....", new string('a', 20000)])
        {
            Assert.Contains("not signed", Refused(bad), StringComparison.Ordinal);
        }

        Assert.Equal("700\n600\n", Tool.Run("stat", "-c", "%a", Path.GetDirectoryName(KeyFile)!, KeyFile));
        using var again = TokenKey.OpenOrCreate(KeyFile);
        Assert.NotNull(again.Read(token));
        File.WriteAllText(KeyFile, "nonsense");
        Assert.Contains("sa.key", Assert.Throws<IOException>(() => TokenKey.OpenOrCreate(KeyFile)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pod_gets_its_tokens_volume_unless_it_or_its_account_declines()
    {
        const string Path = "/var/run/secrets/kubernetes.io/serviceaccount";
        var pod = await PodAsync("a", "{}");
        var volume = pod.List("spec", "volumes")!.Single()!;
        Assert.StartsWith("kube-api-access-", volume.Text("name"), StringComparison.Ordinal);
        Assert.Equal(
            (3607, "kube-root-ca.crt", 420),
            (volume.List("projected", "sources")![0].Number("serviceAccountToken", "expirationSeconds"),
                volume.List("projected", "sources")![1].Text("configMap", "name"), volume.Number("projected", "defaultMode")));
        var mount = pod.List("spec", "containers")![0].List("volumeMounts")!.Single();
        Assert.Equal((volume.Text("name"), Path, true), (mount.Text("name"), mount.Text("mountPath"), mount.Flag("readOnly")));
        Assert.Null((await PodAsync("b", """{"automountServiceAccountToken":false}""")).List("spec", "volumes"));
        await _api.CreateAsync(ResourceTypes.ServiceAccounts, """{"metadata":{"name":"shy"},"automountServiceAccountToken":false,"imagePullSecrets":[{"name":"s"}]}""");
        var shy = await PodAsync("c", """{"serviceAccountName":"shy"}""");
        Assert.Null(shy.List("spec", "volumes"));
        Assert.Equal("s", shy.List("spec", "imagePullSecrets")![0].Text("name"));
        Assert.NotNull((await PodAsync("d", """{"serviceAccountName":"shy","automountServiceAccountToken":true}""")).List("spec", "volumes"));
        var own = await PodAsync("e", $$$"""{"volumes":[{"name":"mine","emptyDir":{}}],"containers":[{"name":"c","image":"i","volumeMounts":[{"name":"mine","mountPath":"{{{Path}}}"}]}]}""");
        Assert.Equal("mine", own.List("spec", "volumes")!.Single().Text("name"));
        var refusal = await Assert.ThrowsAsync<StatusException>(() => PodAsync("f", """{"serviceAccountName":"nobody"}"""));
        Assert.Equal("pods \"f\" is forbidden: error looking up service account default/nobody: serviceaccount \"nobody\" not found", refusal.Message);
    }

    private static string Token(JsonObject answer) => answer.Text("status", "token")!;

    private JsonObject Issue(string spec) => _tokens.Issue("default", "robot", new JsonObject { ["spec"] = JsonNode.Parse(spec) });

    private string Refused(string token) => Assert.Throws<TokenRefused>(() => _tokens.Authenticate(token, [])).Message;

    private Task<JsonObject> PodAsync(string name, string spec)
    {
        var body = Document(spec);
        if (!body.ContainsKey("containers"))
        {
            body["containers"] = new JsonArray(new JsonObject { ["name"] = "c", ["image"] = "i" });
        }

        return _api.CreateAsync(ResourceTypes.Pods, new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = body }.ToJsonString());
    }
}
