using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Store;
using Fairlead.Kube.Schema;

namespace Fairlead.ControlPlane.Registry;

/// <summary>
/// Where a list goes on: after which object, at which revision (-1: whatever is there, for a list whose revision has passed).
/// Sent as base64url of JSON; opaque to clients.
/// </summary>
internal readonly record struct ContinueToken(long Revision, ObjectPath After)
{
    /// <summary>Reads a token.</summary>
    /// <exception cref="StatusException">400: not one of ours.</exception>
    public static ContinueToken Parse(string text)
    {
        try
        {
            var value = StrictJson.Parse(Base64Url.DecodeFromChars(text), out _)!.AsObject();
            return new ContinueToken(
                value["rv"]!.GetValue<long>(), new ObjectPath(value["ns"]!.GetValue<string>(), value["name"]!.GetValue<string>()));
        }
        catch (Exception e) when (e is FormatException or JsonException or NullReferenceException or InvalidOperationException)
        {
            throw StatusException.BadRequest("continue key is not valid: use the token of the previous list unchanged, or start a new list without it");
        }
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var value = new JsonObject { ["v"] = "meta.k8s.io/v1", ["rv"] = Revision, ["ns"] = After.Namespace, ["name"] = After.Name };
        return Base64Url.EncodeToString(Encoding.UTF8.GetBytes(value.ToJsonString()));
    }
}
