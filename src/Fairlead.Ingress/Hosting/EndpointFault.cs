using Yarp.ReverseProxy.Forwarder;

namespace Fairlead.Ingress.Hosting;

/// <summary>Whose fault it is that a request was not answered: no client may bring an endpoint into disrepute by what it sends.</summary>
internal static class EndpointFault
{
    /// <summary>True when the endpoint could not be reached, broke off, spoke no HTTP or kept silent for too long.</summary>
    /// <param name="error">What the forwarder says.</param>
    /// <param name="exception">And why; null: it does not say.</param>
    public static bool Is(ForwarderError error, Exception? exception) => error switch
    {
        ForwarderError.RequestTimedOut => true,
        ForwarderError.Request or ForwarderError.RequestBodyDestination or ForwarderError.ResponseBodyDestination => IsOfConnection(exception),
        _ => false,
    };

    private static bool IsOfConnection(Exception? exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is EndpointUnreachableException or System.Net.Sockets.SocketException
                or HttpIOException
                or HttpRequestException
                {
                    HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError or HttpRequestError.ResponseEnded
                        or HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError or HttpRequestError.VersionNegotiationError,
                })
            {
                return true;
            }
        }

        return false;
    }
}
