namespace Fairlead.Ingress.Hosting;

/// <summary>No connection to an endpoint could be made: nothing of the request has left, so that it may be sent to another whatever it is.</summary>
internal sealed class EndpointUnreachableException(string message, Exception cause) : IOException(message, cause)
{
    /// <summary>The one that an exception comes of; null: it comes of something else.</summary>
    public static EndpointUnreachableException? CauseOf(Exception? exception)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is EndpointUnreachableException unreachable)
            {
                return unreachable;
            }
        }

        return null;
    }
}
