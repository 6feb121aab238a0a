using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Microsoft.Extensions.Logging;

namespace Fairlead.Kube.Watch;

/// <summary>
/// Keeps a sink equal to a collection of the API: lists page by page, then watches from there. A watch that ends is resumed where it was; one whose
/// revision is gone (410) starts over with a list; a server that is away is asked again, ever less often. The sink is only ever told the truth: while
/// the server is away it keeps what it has.
/// </summary>
/// <param name="api">The API.</param>
/// <param name="type">What to watch.</param>
/// <param name="options">Selectors; revision, limit and continue are the reflector's own.</param>
/// <param name="sink">Who is told.</param>
/// <param name="time">The clock for back-off.</param>
/// <param name="log">Where failures go.</param>
public sealed class Reflector(IKubeApi api, ResourceType type, ListOptions options, IReflectorSink sink, TimeProvider time, ILogger log)
{
    private const int PageSize = 500;
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LastDelay = TimeSpan.FromSeconds(10);

    private TimeSpan _delay = FirstDelay;

    /// <summary>The namespace whose objects are watched; empty: all of them.</summary>
    public string Namespace { get; init; } = "";

    /// <summary>Runs until cancelled; never fails otherwise.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var revision = "";
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (revision.Length == 0)
                {
                    revision = await ListAsync(cancellationToken);
                }

                revision = await WatchAsync(revision, cancellationToken);
                continue;
            }
            catch (KubeException e) when (e.IsGone)
            {
                log.ReflectorExpired(type.Plural, revision);
                revision = "";
                continue;
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                // The loop's owner: whatever a transport throws, the collection is still wanted.
                log.ReflectorFailed(type.Plural, e.Message);
            }

            await Task.Delay(NextDelay(), time, cancellationToken);
        }
    }

    /// <summary>Lists once, page by page; returns the revision of the list.</summary>
    /// <exception cref="KubeException">The server refuses.</exception>
    /// <exception cref="HttpRequestException">It does not answer.</exception>
    public async Task<string> ListAsync(CancellationToken cancellationToken)
    {
        var paged = sink as IPagedSink;
        paged?.BeginList();
        var items = new List<JsonObject>();
        var page = options with { Limit = PageSize, Continue = "", ResourceVersion = "" };
        while (true)
        {
            var list = await api.ListAsync(type, Namespace, page, cancellationToken);
            foreach (var item in list["items"]?.AsArray() ?? [])
            {
                if (item is JsonObject document)
                {
                    items.Add(document);
                }
            }

            if (paged is not null)
            {
                paged.AddPage(items);
                items.Clear();
            }

            var next = (string?)list["metadata"]?["continue"] ?? "";
            if (next.Length == 0)
            {
                End(paged, items);
                _delay = FirstDelay;
                return (string?)list["metadata"]?["resourceVersion"] ?? "";
            }

            page = page with { Continue = next };
        }
    }

    private void End(IPagedSink? paged, List<JsonObject> items)
    {
        if (paged is null)
        {
            sink.Replace(items);
        }
        else
        {
            paged.EndList();
        }
    }

    private async Task<string> WatchAsync(string revision, CancellationToken cancellationToken)
    {
        await foreach (var change in api.WatchAsync(type, Namespace, options with { ResourceVersion = revision }, cancellationToken))
        {
            switch (change.Type)
            {
                case "ADDED" or "MODIFIED":
                    sink.Upsert(change.Object);
                    break;
                case "DELETED":
                    sink.Delete(change.Object);
                    break;
                case "ERROR":
                    throw new KubeException(
                        (int?)change.Object["code"] ?? 500, (string?)change.Object["reason"] ?? "", (string?)change.Object["message"] ?? "", change.Object);
            }

            revision = (string?)change.Object["metadata"]?["resourceVersion"] ?? revision;
            _delay = FirstDelay;
        }

        return revision;
    }

    /// <summary>Doubles up to the last delay, with jitter so that many clients do not return at once.</summary>
    private TimeSpan NextDelay()
    {
        var delay = _delay;
        _delay = _delay * 2 < LastDelay ? _delay * 2 : LastDelay;
        return delay * (0.8 + (0.4 * Random.Shared.NextDouble()));
    }
}
