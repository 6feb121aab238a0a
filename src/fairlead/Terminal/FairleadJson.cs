using System.Text.Json.Serialization;
using Fairlead.OneMachine;

namespace Fairlead.Terminal;

/// <summary>Every document that the executable itself reads or writes.</summary>
[JsonSourceGenerationOptions(WriteIndented = false, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(IpNetConverter)])]
[JsonSerializable(typeof(Report))]
[JsonSerializable(typeof(ClusterSpec))]
[JsonSerializable(typeof(RuntimeRecord))]
[JsonSerializable(typeof(HostRecord))]
internal sealed partial class FairleadJson : JsonSerializerContext;
