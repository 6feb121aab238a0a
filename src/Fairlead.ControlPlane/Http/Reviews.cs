using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;
using Microsoft.AspNetCore.Http;

namespace Fairlead.ControlPlane.Http;

/// <summary>Answers who the caller is and what he may do: <c>kubectl auth whoami</c>, <c>can-i</c> and <c>can-i --list</c>.</summary>
internal static class Reviews
{
    /// <summary>Answers when the path is a review's.</summary>
    /// <exception cref="StatusException">405 for anything but POST; 400 for a bad body.</exception>
    public static async Task<bool> TryHandleAsync(HttpContext context, Caller caller, ApiPath path)
    {
        Func<Caller, JsonObject, JsonObject>? review = (path.Group, path.Version, path.Plural) switch
        {
            ("authentication.k8s.io", "v1", "selfsubjectreviews") => (who, _) => WhoAmI(who),
            ("authorization.k8s.io", "v1", "selfsubjectaccessreviews") => Access,
            ("authorization.k8s.io", "v1", "selfsubjectrulesreviews") => (who, _) => Rules(who),
            _ => null,
        };
        if (review is null)
        {
            return false;
        }

        if (context.Request.Method != "POST" || path.Name.Length > 0)
        {
            throw StatusException.MethodNotAllowed();
        }

        var body = DocumentReader.ReadPlain(await RequestBody.ReadAsync(context), context.Request.ContentType);
        ObjectMeta.Of(body)["creationTimestamp"] = null;
        body["status"] = review(caller, body);
        await Answer.JsonAsync(context, 201, body);
        return true;
    }

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);

    private static JsonObject WhoAmI(Caller caller) => new() { ["userInfo"] = UserInfo(caller) };

    private static JsonObject UserInfo(Caller caller)
    {
        var user = new JsonObject { ["username"] = caller.User, ["groups"] = Texts(caller.Groups) };
        if (caller.Uid.Length > 0)
        {
            user["uid"] = caller.Uid;
        }

        return user;
    }

    private static JsonObject Access(Caller caller, JsonObject body)
    {
        if (body.Object("spec", "nonResourceAttributes") is { } path)
        {
            return new JsonObject { ["allowed"] = Authorizer.AllowsPath(caller, path.Text("verb") ?? "", path.Text("path") ?? "") };
        }

        var asked = body.Object("spec", "resourceAttributes")
            ?? throw StatusException.BadRequest("spec: exactly one of resourceAttributes or nonResourceAttributes must be set");
        var resource = asked.Text("resource") ?? "";
        var request = new AccessRequest(
            asked.Text("verb") ?? "", asked.Text("group") ?? "",
            asked.Text("subresource") is { Length: > 0 } sub ? $"{resource}/{sub}" : resource,
            asked.Text("namespace") ?? "", asked.Text("name") ?? "");
        return new JsonObject { ["allowed"] = Authorizer.Allows(caller, request) };
    }

    private static JsonObject Rules(Caller caller)
    {
        var resources = Authorizer.RulesFor(caller).Select(rule =>
        {
            var entry = new JsonObject
            {
                ["verbs"] = Texts(rule.Verbs),
                ["apiGroups"] = Texts(rule.Groups),
                ["resources"] = Texts(rule.Resources),
            };
            if (rule.Names.Count > 0)
            {
                entry["resourceNames"] = Texts(rule.Names);
            }

            return (JsonNode)entry;
        });
        var (verbs, urls) = Authorizer.PathsFor(caller);
        var paths = new JsonObject { ["verbs"] = Texts(verbs), ["nonResourceURLs"] = Texts(urls) };
        return new JsonObject
        {
            ["resourceRules"] = new JsonArray([.. resources]),
            ["nonResourceRules"] = new JsonArray(paths),
            ["incomplete"] = false,
        };
    }
}
