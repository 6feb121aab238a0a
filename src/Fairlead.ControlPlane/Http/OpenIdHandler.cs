using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Store;
using Fairlead.ControlPlane.Tokens;
using Microsoft.AspNetCore.Http;

namespace Fairlead.ControlPlane.Http;

/// <summary>What others need to check service account tokens themselves: OpenID Connect Discovery 1.0 and the key set.</summary>
internal sealed class OpenIdHandler(ServiceAccountTokens tokens, string server)
{
    private const string KeySetPath = "/openid/v1/jwks";

    /// <summary>Answers when the path is one of these.</summary>
    public Task? TryHandle(HttpContext context, string path) => path switch
    {
        "/.well-known/openid-configuration" => Answer.JsonAsync(context, 200, new JsonObject
        {
            ["issuer"] = tokens.Issuer,
            ["jwks_uri"] = $"https://{server}{KeySetPath}",
            ["response_types_supported"] = new JsonArray("id_token"),
            ["subject_types_supported"] = new JsonArray("public"),
            ["id_token_signing_alg_values_supported"] = new JsonArray("ES256"),
        }),
        KeySetPath => Answer.BytesAsync(context, 200, "application/jwk-set+json", JsonBytes.Of(tokens.Key.ToKeySet())),
        _ => null,
    };
}
