using System.Text.Json.Nodes;

namespace Fairlead.Kube.Watch;

/// <summary>Takes what a reflector sees. Called from one task at a time; must not block.</summary>
public interface IReflectorSink
{
    /// <summary>This is everything there is, as of now.</summary>
    void Replace(IReadOnlyList<JsonObject> items);

    /// <summary>An object was added or changed.</summary>
    void Upsert(JsonObject item);

    /// <summary>An object is gone; its last state.</summary>
    void Delete(JsonObject item);
}
