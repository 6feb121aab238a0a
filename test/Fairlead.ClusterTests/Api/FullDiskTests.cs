using System.Diagnostics;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Store;
using Fairlead.Kube.Selectors;

namespace Fairlead.ClusterTests.Api;

public sealed class FullDiskTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("fairlead-disk-").FullName;

    public FullDiskTests() => Run("mount", "-t", "tmpfs", "-o", "size=2m", "fairlead-test", _directory);

    public void Dispose()
    {
        Run("umount", _directory);
        Directory.Delete(_directory);
    }

    [Fact]
    public async Task A_full_disk_refuses_the_write_says_so_and_loses_nothing_before_it()
    {
        await using var store = ObjectStore.Open(Path.Combine(_directory, "store.db"), new NoFields(), 16);
        await store.WriteAsync(Id("kept"), 0, Value("kept", 10));
        var refused = await Assert.ThrowsAsync<StoreException>(() => store.WriteAsync(Id("large"), 0, Value("large", 4 << 20)));
        Assert.Contains("is full", refused.Message, StringComparison.Ordinal);
        Assert.Null(store.Get(Id("large")));
        Assert.Equal(refused.Message, store.Failure);
        Assert.Equal(3, (await store.WriteAsync(Id("after"), 0, Value("after", 10))).Written!.Revision);
        Assert.NotNull(store.Get(Id("kept")));
        Assert.Null(store.Failure);
    }

    private static ObjectId Id(string name) => new("configmaps", "default", name);

    private static JsonObject Value(string name, int bytes) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "default" },
        ["data"] = new JsonObject { ["text"] = new string('x', bytes) },
    };

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    private sealed class NoFields : IObjectIndex
    {
        public Labels Fields(string resource, JsonObject value) => Labels.Empty;
    }
}
