using System.Net;
using Fairlead.ControlPlane.Registry;
using Fairlead.ControlPlane.Tokens;
using Fairlead.Kube.Client;
using Fairlead.Linux.Processes;
using Fairlead.Pods;
using Fairlead.Pods.Lifecycle;
using Fairlead.Pods.Sandbox;
using Fairlead.Pods.Spec;
using Fairlead.Tests.ControlPlane;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Pods;

public sealed class PodTokensTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("fairlead-tokens-").FullName;
    private readonly RegistryHarness _harness = new();
    private readonly Reactor _reactor = new();
    private TokenKey _key = null!;
    private ServiceAccountTokens _tokens = null!;
    private PodsContext _context = null!;
    private PodSpec _pod = null!;

    public async ValueTask InitializeAsync()
    {
        await _harness.NamespaceAsync();
        await _harness.CreateAsync(ResourceTypes.ServiceAccounts, """{"metadata":{"name":"default"}}""");
        await _harness.CreateAsync(ResourceTypes.ConfigMaps, """{"metadata":{"name":"kube-root-ca.crt"},"data":{"ca.crt":"PEM"}}""");
        var document = await _harness.CreateAsync(
            ResourceTypes.Pods, """{"metadata":{"name":"web"},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"i","command":["sleep"]}]}}""");
        _key = TokenKey.OpenOrCreate(Path.Combine(_directory, "pki", "sa.key"));
        _tokens = new ServiceAccountTokens(_harness.Registry, _key, "https://issuer");
        var node = new PodsNode("n1", [IPAddress.Parse("192.0.2.7")], "", "", "", "z1");
        var options = new PodsOptions
        {
            ClusterName = "t",
            RunDirectory = $"{_directory}/run",
            StateDirectory = $"{_directory}/state",
            SocketPath = "",
            Nodes = [node],
        };
        _context = new PodsContext(options, new LocalApi(_harness.Registry, _tokens), _reactor, _harness.Time, NullLogger.Instance);
        _pod = new PodSpec(document);
    }

    public async ValueTask DisposeAsync()
    {
        _context.Dispose();
        _reactor.Dispose();
        _key.Dispose();
        await _harness.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_token_is_written_kept_while_it_is_fresh_and_renewed_when_four_fifths_of_its_time_are_over()
    {
        var volumes = new PodVolumes(_context, _pod, new PodPaths(_context.Options, _pod), [], "");
        var volume = _pod.Document["spec"]!["volumes"]![0]!.AsObject();
        var directory = await volumes.SourceAsync(volume, default);
        Assert.Equal(("PEM", "default"), (Read(directory, "ca.crt"), Read(directory, "namespace")));
        var first = Read(directory, "token");
        var (caller, _) = _tokens.Authenticate(first, []);
        Assert.Equal(("system:serviceaccount:default:default", "web"), (caller.User, caller.Extra["authentication.kubernetes.io/pod-name"]));
        await volumes.SourceAsync(volume, default);
        _harness.Time.Advance(TimeSpan.FromMinutes(48));
        await volumes.RenewTokensAsync(default);
        Assert.Equal(first, Read(directory, "token"));
        _harness.Time.Advance(TimeSpan.FromMinutes(1));
        await volumes.RenewTokensAsync(default);
        var second = Read(directory, "token");
        Assert.NotEqual(first, second);
        _harness.Time.Advance(TimeSpan.FromMinutes(30));
        Assert.Throws<TokenRefused>(() => _tokens.Authenticate(first, []));
        Assert.Equal(caller.User, _tokens.Authenticate(second, []).Caller.User);
    }

    [Fact]
    public async Task A_pod_without_a_volume_gets_no_token_and_one_without_an_account_says_so()
    {
        var volumes = new PodVolumes(_context, _pod, new PodPaths(_context.Options, _pod), [], "");
        await volumes.RenewTokensAsync(default);
        Assert.False(Directory.Exists($"{_directory}/state"));
        await _harness.DeleteAsync(ResourceTypes.ServiceAccounts, "default");
        var failure = await Assert.ThrowsAsync<ContainerConfigFailure>(() => volumes.SourceAsync(_pod.Document["spec"]!["volumes"]![0]!.AsObject(), default));
        Assert.Contains("serviceaccounts \"default\" not found", failure.Message, StringComparison.Ordinal);
    }

    private static string Read(string directory, string file) => File.ReadAllText(Path.Combine(directory, file));
}
