using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;

namespace Fairlead.ClusterTests.Api;

public sealed class KilledUnderWritesTests : IDisposable
{
    private const int Writers = 8;
    private const int Enough = 400;

    private readonly string _directory = Directory.CreateTempSubdirectory("fairlead-kill-").FullName;
    private readonly ConcurrentDictionary<string, long> _acknowledged = [];
    private readonly TaskCompletionSource _enough = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Everything_acknowledged_is_there_after_kill_minus_nine()
    {
        using (var plane = await ChildControlPlane.StartAsync(_directory))
        {
            var writers = Enumerable.Range(0, Writers).Select(writer => WriteAsync(plane.Client, writer)).ToArray();
            await _enough.Task.WaitAsync(TimeSpan.FromSeconds(60));
            plane.Kill();
            await Task.WhenAll(writers);
        }

        using var again = await ChildControlPlane.StartAsync(_directory);
        var list = await again.Client.ListAsync(ResourceTypes.ConfigMaps, "default", ListOptions.All, default);
        var found = list["items"]!.AsArray().ToDictionary(item => Text(item!, "name"), item => Revision(item!));
        Assert.True(_acknowledged.Count >= Enough);
        Assert.All(_acknowledged, pair => Assert.True(found.TryGetValue(pair.Key, out var revision) && revision >= pair.Value, $"{pair.Key} at {pair.Value}"));
        Assert.True(Revision(list) >= _acknowledged.Values.Max());
    }

    private static string Text(JsonNode item, string field) => item["metadata"]![field]!.GetValue<string>();

    private static long Revision(JsonNode item) => long.Parse(Text(item, "resourceVersion"), CultureInfo.InvariantCulture);

    /// <summary>Creates objects and updates each once, noting what was answered, until the server is gone.</summary>
    private async Task WriteAsync(KubeClient client, int writer)
    {
        try
        {
            for (var i = 0; ; i++)
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"w{writer}-{i}");
                var made = await client.CreateAsync(
                    ResourceTypes.ConfigMaps, "default", new JsonObject { ["metadata"] = new JsonObject { ["name"] = name } }, default);
                _acknowledged[name] = Revision(made);
                made["data"] = new JsonObject { ["written"] = name };
                _acknowledged[name] = Revision(await client.UpdateAsync(ResourceTypes.ConfigMaps, "default", name, "", made, default));
                if (_acknowledged.Count >= Enough)
                {
                    _enough.TrySetResult();
                }
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException or KubeException or OperationCanceledException)
        {
            // The server was killed: this writer's last request has no answer, and none is claimed.
            return;
        }
    }
}
