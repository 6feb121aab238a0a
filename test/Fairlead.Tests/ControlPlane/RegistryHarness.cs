using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;
using Fairlead.ControlPlane.Store;
using Fairlead.Kube.Client;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.ControlPlane;

/// <summary>The registry over a real store, with a clock that stands still.</summary>
internal sealed class RegistryHarness : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("fairlead-registry-").FullName;
    private readonly ObjectStore _store;

    public RegistryHarness(int window = 1024)
    {
        _store = ObjectStore.Open(Path.Combine(_directory, "store.db"), new KindIndex(), window);
        Registry = new ApiRegistry(_store, Time);
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    public ApiRegistry Registry { get; private set; }

    public long Revision => _store.Revision;

    /// <summary>Goes on as after a restart that denies external addresses.</summary>
    public void DenyExternalIPs() => Registry = new ApiRegistry(_store, Time, deniesExternalIPs: true);

    public static KindDefinition Kind(ResourceType type) => KindTable.Find(type)!;

    public static JsonObject Document(string json) => JsonNode.Parse(json)!.AsObject();

    public async Task NamespaceAsync(string name = "default") =>
        await Registry.CreateAsync(Kind(ResourceTypes.Namespaces), "", Document($$$"""{"metadata":{"name":"{{{name}}}"}}"""), new WriteOptions());

    public async Task<JsonObject> CreateAsync(ResourceType type, string json)
    {
        var body = Document(json);
        SchemaGate.Decode(Kind(type), body, [], FieldValidation.Strict);
        return (await Registry.CreateAsync(Kind(type), type.Namespaced ? "default" : "", body, new WriteOptions())).Object.Parse();
    }

    public Task<JsonObject> ConfigMapAsync(string name, string labels = "{}") =>
        CreateAsync(ResourceTypes.ConfigMaps, $$$"""{"metadata":{"name":"{{{name}}}","labels":{{{labels}}}}}""");

    public async Task<JsonObject> PatchAsync(ResourceType type, string name, string patch, string subresource = "") =>
        (await Registry.PatchAsync(Kind(type), type.Namespaced ? "default" : "", name, subresource, PatchKind.Merge, Document(patch), new WriteOptions())).Object.Parse();

    public async Task<JsonObject> UpdateAsync(ResourceType type, JsonObject body, string subresource = "") =>
        (await Registry.UpdateAsync(Kind(type), "default", body["metadata"]!["name"]!.GetValue<string>(), subresource, body, new WriteOptions())).Object.Parse();

    public Task<DeleteReply> DeleteAsync(ResourceType type, string name, DeleteOptions? options = null) =>
        Registry.DeleteAsync(Kind(type), type.Namespaced ? "default" : "", name, options ?? new DeleteOptions());

    public ListReply List(ResourceType type, ListQuery query) => Registry.Reader.List(Kind(type), type.Namespaced ? "default" : "", query);

    public IAsyncEnumerator<WatchItem> Watch(ResourceType type, ListQuery query, CancellationToken cancellationToken = default) =>
        Registry.Reader.WatchAsync(Kind(type), type.Namespaced ? "default" : "", query, cancellationToken).GetAsyncEnumerator(cancellationToken);

    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}
