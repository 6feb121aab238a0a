using System.Text.Json.Serialization;
using Fairlead.Policy.Drops;

namespace Fairlead.Observe;

/// <summary>First line of an agent's answer; each line after it is a <see cref="DropsLine"/>.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Run">Which run of the agent: the ids of records count in it.</param>
/// <param name="SecondsBack">How far back the answer looks: no farther than this run, and what it has kept.</param>
/// <param name="LastId">The record that is the last so far; 0: there was none yet.</param>
/// <param name="Problem">Why nothing is told; null when all is well.</param>
/// <param name="Unknown">Names that were asked for and that neither the cluster nor any record has.</param>
internal sealed record DropsHead(string Node, long Run, double SecondsBack, long LastId, string? Problem, IReadOnlyList<string> Unknown);

/// <summary>One record of an agent's answer.</summary>
/// <param name="Missed">How many before it were too many for whoever follows.</param>
/// <param name="Record">The record.</param>
internal sealed record DropsLine(long Missed, DropRecord Record);

/// <summary>The documents of `fairlead observe`, on the wire and printed.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DropsHead))]
[JsonSerializable(typeof(DropsLine))]
internal sealed partial class ObserveJson : JsonSerializerContext;
