using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Registry;
using Fairlead.ControlPlane.Store;
using Microsoft.AspNetCore.Http;

namespace Fairlead.ControlPlane.Http;

/// <summary>Writes whole answers: documents, Status, texts, warnings.</summary>
internal static class Answer
{
    private const string Json = "application/json";

    /// <summary>Writes a document.</summary>
    public static Task JsonAsync(HttpContext context, int code, JsonNode document) => BytesAsync(context, code, Json, JsonBytes.Of(document));

    /// <summary>Writes what <paramref name="write"/> writes.</summary>
    public static Task RenderAsync(HttpContext context, int code, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        using (var writer = new Utf8JsonWriter(buffer, JsonBytes.Options))
        {
            write(writer);
        }

        return BytesAsync(context, code, Json, buffer.WrittenMemory);
    }

    /// <summary>Writes a refusal.</summary>
    public static Task StatusAsync(HttpContext context, StatusException refusal)
    {
        if (refusal.Details?["retryAfterSeconds"] is JsonValue seconds)
        {
            context.Response.Headers.RetryAfter = seconds.ToString();
        }

        return JsonAsync(context, refusal.Code, refusal.ToStatus());
    }

    /// <summary>Writes plain text.</summary>
    public static Task TextAsync(HttpContext context, int code, string text) =>
        BytesAsync(context, code, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(text));

    /// <summary>Adds a header per warning (RFC 9111 §5.5, code 299), which kubectl prints.</summary>
    public static void Warn(HttpContext context, IEnumerable<string> warnings)
    {
        foreach (var warning in warnings.Distinct())
        {
            context.Response.Headers.Append("Warning", $"299 - \"{Quotable(warning)}\"");
        }
    }

    /// <summary>Writes bytes.</summary>
    public static async Task BytesAsync(HttpContext context, int code, string contentType, ReadOnlyMemory<byte> bytes)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = contentType;
        context.Response.ContentLength = bytes.Length;
        await context.Response.BodyWriter.WriteAsync(bytes, context.RequestAborted);
    }

    /// <summary>A text as a quoted-string of a header: no control characters, nothing beyond ASCII.</summary>
    private static string Quotable(string text)
    {
        var quoted = new StringBuilder(text.Length);
        foreach (var letter in text)
        {
            if (letter is '"' or '\\')
            {
                quoted.Append('\\');
            }

            quoted.Append(letter is >= ' ' and <= '~' ? letter : '?');
        }

        return quoted.ToString();
    }
}
