using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Fairlead.Pods.Streaming;

/// <summary>The metav1.Status that ends a remote command, as kubectl reads its exit code from it.</summary>
internal static class ExitReport
{
    internal static byte[] Of(int code) => code == 0
        ? Bytes(new JsonObject { ["metadata"] = new JsonObject(), ["status"] = "Success" })
        : Bytes(new JsonObject
        {
            ["metadata"] = new JsonObject(),
            ["status"] = "Failure",
            ["reason"] = "NonZeroExitCode",
            ["message"] = string.Create(CultureInfo.InvariantCulture, $"command terminated with non-zero exit code: exit status {code}"),
            ["details"] = new JsonObject
            {
                ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ExitCode", ["message"] = code.ToString(CultureInfo.InvariantCulture) }),
            },
        });

    internal static byte[] Failure(string message) => Bytes(new JsonObject
    {
        ["metadata"] = new JsonObject(),
        ["status"] = "Failure",
        ["reason"] = "InternalError",
        ["message"] = message,
        ["code"] = 500,
    });

    private static byte[] Bytes(JsonObject status) => Encoding.UTF8.GetBytes(status.ToJsonString());
}
