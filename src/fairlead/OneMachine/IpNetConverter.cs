using System.Text.Json;
using System.Text.Json.Serialization;
using Fairlead.Linux.Addresses;

namespace Fairlead.OneMachine;

/// <summary>A CIDR as text.</summary>
internal sealed class IpNetConverter : JsonConverter<IpNet>
{
    /// <inheritdoc/>
    public override IpNet Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        IpNet.TryParse(reader.GetString(), out var net) ? net : throw new JsonException("not a CIDR");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, IpNet value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
