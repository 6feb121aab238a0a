using Fairlead.ControlPlane.Http;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;
using Microsoft.AspNetCore.Http;

namespace Fairlead.ControlPlane.Streaming;

/// <summary>Logs, exec and attach: validated here, then handed through to the pods role.</summary>
internal sealed class PodStreams(string socket)
{
    /// <summary>True when the subresource is a stream.</summary>
    public static bool Serves(KindDefinition kind, string subresource) =>
        kind.Type.Kind == "Pod" && subresource is "log" or "exec" or "attach" or "portforward" or "proxy";

    /// <summary>Answers a request.</summary>
    public Task HandleAsync(HttpContext context, ApiPath path) =>
        throw new StatusException(501, "NotImplemented", $"{context.Request.Method} of {path.Subresource} is not served yet through '{socket}'");
}
