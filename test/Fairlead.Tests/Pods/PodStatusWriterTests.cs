using System.Net;
using Fairlead.ControlPlane.Registry;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Processes;
using Fairlead.Pods;
using Fairlead.Pods.Lifecycle;
using Fairlead.Pods.Spec;
using Fairlead.Testing;
using Fairlead.Tests.ControlPlane;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Pods;

public sealed class PodStatusWriterTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = Deadline.Long;

    private readonly RegistryHarness _harness = new();
    private readonly Reactor _reactor = new();
    private readonly CancellationTokenSource _stop = new();
    private TroubledApi _api = null!;
    private PodsContext _context = null!;
    private PodWorker _pod = null!;

    public async ValueTask InitializeAsync()
    {
        await _harness.NamespaceAsync();
        var document = await _harness.CreateAsync(
            ResourceTypes.Pods, """{"metadata":{"name":"web"},"spec":{"nodeName":"n1","containers":[{"name":"c","image":"i"}]}}""");
        _api = new TroubledApi(new LocalApi(_harness.Registry));
        var node = new PodsNode("n1", [IPAddress.Parse("192.0.2.7")], "", "", "", "z1");
        var options = new PodsOptions { ClusterName = "t", RunDirectory = "/nowhere", StateDirectory = "/nowhere", SocketPath = "", Nodes = [node] };
        _context = new PodsContext(options, _api, _reactor, _harness.Time, NullLogger.Instance);
        _pod = new PodWorker(_context, node, new PodSpec(document));
    }

    public async ValueTask DisposeAsync()
    {
        _pod.Dispose();
        _context.Dispose();
        _reactor.Dispose();
        _stop.Dispose();
        await _harness.DisposeAsync();
    }

    [Fact]
    public async Task A_hundred_changes_while_a_status_is_written_are_one_more_write()
    {
        var (reached, go) = (Signal(), Signal());
        var second = Signal();
        _api.BeforeStatusWrite = number =>
        {
            (number == 1 ? reached : second).TrySetResult();
            return number == 1 ? go.Task : Task.CompletedTask;
        };
        var writer = new PodStatusWriter(_pod);
        writer.Changed();
        var run = writer.RunAsync(_stop.Token);
        await reached.Task.WaitAsync(Patience);
        for (var i = 0; i < 100; i++)
        {
            writer.Changed();
        }

        go.SetResult();
        await second.Task.WaitAsync(Patience);
        await _stop.CancelAsync();
        await run.WaitAsync(Patience);
        Assert.Equal(2, _api.StatusWrites);
    }

    [Fact]
    public void A_pod_has_the_grace_period_that_was_asked_for_until_a_shorter_one_is()
    {
        _pod.Stop(TimeSpan.FromSeconds(90), gone: false);
        Assert.Equal(TimeSpan.FromSeconds(90), _pod.Grace);

        _pod.Stop(TimeSpan.FromSeconds(120), gone: false);
        Assert.Equal(TimeSpan.FromSeconds(90), _pod.Grace);

        _pod.Stop(TimeSpan.FromSeconds(5), gone: false);
        Assert.Equal(TimeSpan.FromSeconds(5), _pod.Grace);
    }

    [Fact]
    public async Task A_status_whose_write_the_transport_gave_up_is_written_again()
    {
        var (failing, second) = (Signal(), Signal());
        _api.BeforeStatusWrite = number =>
        {
            (number == 1 ? failing : second).TrySetResult();
            return number == 1 ? Task.FromException(new TaskCanceledException("connecting took too long")) : Task.CompletedTask;
        };
        var writer = new PodStatusWriter(_pod);
        writer.Changed();
        var run = writer.RunAsync(_stop.Token);
        await failing.Task.WaitAsync(Patience);
        await AdvanceUntilAsync(Task.WhenAny(second.Task, run));
        Assert.False(run.IsCompleted, "the writer ended with a write still to be made");
        await _stop.CancelAsync();
        await run.WaitAsync(Patience);
        Assert.Equal("192.0.2.7", (await _api.GetAsync(ResourceTypes.Pods, "default", "web", default))["status"].Text("hostIP"));
    }

    [Fact]
    public async Task An_object_whose_deletion_the_transport_gave_up_is_deleted_in_the_end()
    {
        _api.BeforeDeletion = number => number == 1 ? Task.FromException(new TaskCanceledException("connecting took too long")) : Task.CompletedTask;
        var deletion = new PodStatusWriter(_pod).DeleteAsync(_stop.Token);
        await AdvanceUntilAsync(deletion);
        await deletion;
        Assert.Equal(2, _api.Deletions);
        await Assert.ThrowsAsync<KubeException>(() => _api.GetAsync(ResourceTypes.Pods, "default", "web", default));
    }

    private static TaskCompletionSource Signal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task AdvanceUntilAsync(Task done)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!done.IsCompleted)
        {
            patience.Token.ThrowIfCancellationRequested();
            _harness.Time.Advance(TimeSpan.FromMilliseconds(500));
            await Task.WhenAny(done, Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, patience.Token));
        }
    }
}
