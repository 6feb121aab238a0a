using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Store;

/// <summary>Documents as UTF-8, texts left readable.</summary>
internal static class JsonBytes
{
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The options every writer of JSON in this project uses.</summary>
    public static JsonWriterOptions Options => Readable;

    public static byte[] Of(JsonNode value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, Readable))
        {
            value.WriteTo(writer);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Sets the resourceVersion, which clients take as an opaque text.</summary>
    public static void Stamp(JsonObject value, long revision) =>
        ObjectMeta.Of(value)["resourceVersion"] = revision.ToString(CultureInfo.InvariantCulture);

    /// <summary>The same state under another revision.</summary>
    public static StoredObject Restamp(StoredObject stored, long revision)
    {
        var value = stored.Parse();
        Stamp(value, revision);
        return stored with { Revision = revision, Json = Of(value) };
    }
}
