using System.Text.Json.Nodes;

namespace Fairlead.Kube.Watch;

/// <summary>
/// A sink that keeps less of an object than its document: it is given a list page by page, so that never more than one page of documents is in memory.
/// <see cref="IReflectorSink.Replace"/> is not called then.
/// </summary>
public interface IPagedSink : IReflectorSink
{
    /// <summary>A list begins; what an earlier, unfinished one gave counts no more.</summary>
    void BeginList();

    /// <summary>Some of what there is.</summary>
    void AddPage(IReadOnlyList<JsonObject> items);

    /// <summary>The pages since the beginning are everything there is, as of now.</summary>
    void EndList();
}
