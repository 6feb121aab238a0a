using Microsoft.Extensions.Logging;

namespace Fairlead.ControlPlane.Http;

/// <summary>What the API server logs.</summary>
internal static partial class HttpLog
{
    [LoggerMessage(1, LogLevel.Error, "{Method} {Path} failed")]
    public static partial void RequestFailed(ILogger logger, string method, string path, Exception exception);

    [LoggerMessage(2, LogLevel.Error, "A write failed: {Why}")]
    public static partial void StoreFailed(ILogger logger, string why);

    [LoggerMessage(3, LogLevel.Debug, "{Method} {Path}: the client went away")]
    public static partial void ClientGone(ILogger logger, string method, string path);

    [LoggerMessage(4, LogLevel.Information, "The API server listens on {Endpoint}")]
    public static partial void Listening(ILogger logger, string endpoint);

    [LoggerMessage(5, LogLevel.Warning, "Allocation found at start: {Problem}")]
    public static partial void AllocationDoubtful(ILogger logger, string problem);

    [LoggerMessage(6, LogLevel.Information, "A service account token was refused: {Why}")]
    public static partial void TokenRefused(ILogger logger, string why);
}
