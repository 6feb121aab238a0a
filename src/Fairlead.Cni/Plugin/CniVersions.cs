using System.Text.Json.Nodes;

namespace Fairlead.Cni.Plugin;

/// <summary>Versions of the CNI specification we speak, oldest first.</summary>
internal static class CniVersions
{
    internal const string Newest = "1.1.0";

    internal static readonly string[] Supported = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", Newest];

    /// <summary>The answer to VERSION.</summary>
    internal static JsonObject Answer(string version)
    {
        var supported = new JsonArray();
        foreach (var one in Supported)
        {
            supported.Add((JsonNode)one);
        }

        return new JsonObject { ["cniVersion"] = version, ["supportedVersions"] = supported };
    }

    /// <summary>Whether <paramref name="version"/> is <paramref name="floor"/> or later; both are supported ones.</summary>
    internal static bool AtLeast(string version, string floor) => Array.IndexOf(Supported, version) >= Array.IndexOf(Supported, floor);
}
