using Fairlead.ControlPlane.Registry;
using Fairlead.ControlPlane.Tokens;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Fairlead.ControlPlane.Http;

/// <summary>Finds out who calls: by the client certificate, which the TLS layer has verified, else by a service account's token. There are no anonymous calls.</summary>
internal sealed class Authenticator(ServiceAccountTokens tokens, ILogger logger)
{
    private const string Bearer = "Bearer ";

    /// <summary>Who calls.</summary>
    /// <exception cref="StatusException">401.</exception>
    public Caller Identify(HttpContext context)
    {
        if (context.Connection.ClientCertificate is { } certificate)
        {
            return Caller.Of(certificate);
        }

        var given = context.Request.Headers.Authorization.ToString();
        if (!given.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            throw Caller.Unknown();
        }

        try
        {
            return tokens.Authenticate(given[Bearer.Length..].Trim(), []).Caller;
        }
        catch (TokenRefused refusal)
        {
            // Who holds a bad token learns nothing from us; the log says why.
            HttpLog.TokenRefused(logger, refusal.Message);
            throw Caller.Unknown();
        }
    }
}
