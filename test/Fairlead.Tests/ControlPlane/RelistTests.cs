using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;
using Fairlead.Kube.Client;
using Fairlead.Kube.Watch;
using Fairlead.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.ControlPlane;

/// <summary>A client whose watch the window has passed lists again and misses nothing.</summary>
public sealed class RelistTests
{
    [Fact]
    public async Task A_reflector_that_was_too_slow_is_told_so_and_lists_again()
    {
        await using var api = new RegistryHarness(window: 32);
        await api.NamespaceAsync();
        using var stop = new CancellationTokenSource();
        var sink = new SlowSink();
        var reflector = new Reflector(
            new LocalApi(api.Registry), ResourceTypes.ConfigMaps, new ListOptions(), sink, TimeProvider.System, NullLogger.Instance);
        var running = Task.Run(() => reflector.RunAsync(stop.Token));
        Assert.Empty(await sink.Listed[0].Task.WaitAsync(Deadline.Token()));
        await api.ConfigMapAsync("slow");
        await sink.Busy.Task.WaitAsync(Deadline.Token());
        for (var i = 0; i < 100; i++)
        {
            await api.ConfigMapAsync($"c{i}");
        }

        await api.DeleteAsync(ResourceTypes.ConfigMaps, "slow");
        sink.GoOn.Set();
        var names = await sink.Listed[1].Task.WaitAsync(Deadline.Token());
        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"c{i}").Order(StringComparer.Ordinal), names);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    /// <summary>Stands still at the first object called "slow".</summary>
    private sealed class SlowSink : IReflectorSink
    {
        private int _lists;

        public TaskCompletionSource<List<string>>[] Listed { get; } = [new(), new()];

        public TaskCompletionSource Busy { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ManualResetEventSlim GoOn { get; } = new();

        public void Replace(IReadOnlyList<JsonObject> items) =>
            Listed[_lists++].SetResult([.. items.Select(item => item.Text("metadata", "name")!).Order(StringComparer.Ordinal)]);

        public void Upsert(JsonObject item)
        {
            Busy.TrySetResult();
            GoOn.Wait();
        }

        public void Delete(JsonObject item) => GoOn.Wait();
    }
}
