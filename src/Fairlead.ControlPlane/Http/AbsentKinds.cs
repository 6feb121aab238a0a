using System.Globalization;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Registry;
using Microsoft.AspNetCore.Http;

namespace Fairlead.ControlPlane.Http;

/// <summary>
/// Kinds that this cluster has none of and cannot have, but that clients list without asking discovery first, as <c>kubectl cluster-info dump</c> does.
/// Their lists are empty; every other request about them is a 404.
/// </summary>
internal static class AbsentKinds
{
    private static readonly (string Group, string Version, string Plural, string Kind)[] Known =
    [
        ("", "v1", "replicationcontrollers", "ReplicationController"),
        ("apps", "v1", "daemonsets", "DaemonSet"),
    ];

    /// <summary>Answers a list; false when the request is none of these kinds'.</summary>
    /// <exception cref="StatusException">403.</exception>
    public static async Task<bool> TryListAsync(HttpContext context, Caller caller, ApiPath path, long revision)
    {
        var kind = Known.FirstOrDefault(known => (known.Group, known.Version, known.Plural) == (path.Group, path.Version, path.Plural)).Kind;
        if (kind is null || context.Request.Method != "GET" || path.Name.Length > 0 || RequestQuery.IsWatch(context.Request.Query))
        {
            return false;
        }

        Authorizer.Demand(caller, new AccessRequest("list", path.Group, path.Plural, path.Namespace, ""));
        await Answer.JsonAsync(context, 200, new JsonObject
        {
            ["kind"] = $"{kind}List",
            ["apiVersion"] = path.Group.Length == 0 ? path.Version : $"{path.Group}/{path.Version}",
            ["metadata"] = new JsonObject { ["resourceVersion"] = revision.ToString(CultureInfo.InvariantCulture) },
            ["items"] = new JsonArray(),
        });
        return true;
    }
}
