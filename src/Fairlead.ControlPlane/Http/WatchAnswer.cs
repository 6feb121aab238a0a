using System.Buffers;
using System.Text.Json;
using Fairlead.ControlPlane.Registry;
using Fairlead.ControlPlane.Store;
using Microsoft.AspNetCore.Http;

namespace Fairlead.ControlPlane.Http;

/// <summary>Streams a watch, one JSON document per line, flushed whenever there is nothing more to send.</summary>
internal static class WatchAnswer
{
    private const int MostUnsent = 64 * 1024;

    private static readonly byte[] NewLine = "\n"u8.ToArray();

    /// <summary>Streams until the items end, the client goes or <paramref name="cancellationToken"/> is cancelled; none of these is an error.</summary>
    /// <exception cref="StatusException">The watch is refused before anything was sent.</exception>
    public static async Task StreamAsync(
        HttpContext context, ObjectRenderer renderer, IAsyncEnumerable<WatchItem> items, CancellationToken cancellationToken)
    {
        await using var reader = items.GetAsyncEnumerator(cancellationToken);
        var output = context.Response.BodyWriter;
        var first = true;
        var unsent = 0L;
        try
        {
            while (true)
            {
                var next = reader.MoveNextAsync();
                if (!next.IsCompleted)
                {
                    Begin(context);
                    await output.FlushAsync(cancellationToken);
                    unsent = 0;
                }

                if (!await next)
                {
                    return;
                }

                Begin(context);
                unsent += WriteLine(output, writer => renderer.WriteEvent(writer, reader.Current, first));
                first = first && reader.Current.Object is null;
                if (unsent > MostUnsent)
                {
                    await output.FlushAsync(cancellationToken);
                    unsent = 0;
                }
            }
        }
        catch (StatusException refusal) when (refusal.Code == 410 || context.Response.HasStarted)
        {
            Begin(context);
            WriteError(output, refusal);
            await output.FlushAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The watch's time is up, or one of the two ends goes away: the stream just ends, and the client watches again from where it was.
            Begin(context);
        }
    }

    private static void Begin(HttpContext context)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.StatusCode = 200;
            context.Response.ContentType = "application/json";
        }
    }

    private static void WriteError(IBufferWriter<byte> output, StatusException refusal) => WriteLine(output, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("type", "ERROR");
        writer.WritePropertyName("object");
        refusal.ToStatus().WriteTo(writer);
        writer.WriteEndObject();
    });

    private static long WriteLine(IBufferWriter<byte> output, Action<Utf8JsonWriter> write)
    {
        using var writer = new Utf8JsonWriter(output, JsonBytes.Options);
        write(writer);
        writer.Flush();
        output.Write(NewLine);
        return writer.BytesCommitted;
    }
}
