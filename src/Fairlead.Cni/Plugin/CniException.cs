using System.Text.Json.Nodes;

namespace Fairlead.Cni.Plugin;

/// <summary>A request that fails, as the CNI specification reports it.</summary>
internal sealed class CniException(CniErrorCode code, string message, string details = "") : Exception(message)
{
    internal CniErrorCode Code { get; } = code;

    internal string Details { get; } = details;

    /// <summary>The error object of the specification.</summary>
    internal JsonObject ToJson(string version)
    {
        var json = new JsonObject { ["cniVersion"] = version, ["code"] = (int)Code, ["msg"] = Message };
        if (Details.Length > 0)
        {
            json["details"] = Details;
        }

        return json;
    }
}
