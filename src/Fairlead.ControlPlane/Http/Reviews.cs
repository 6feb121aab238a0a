using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;
using Fairlead.ControlPlane.Tokens;
using Microsoft.AspNetCore.Http;

namespace Fairlead.ControlPlane.Http;

/// <summary>
/// Answers who the caller is and what he may do (<c>kubectl auth whoami</c>, <c>can-i</c>, <c>can-i --list</c>), and to administrators the same about
/// others: whose a token is, what a user may do.
/// </summary>
internal sealed class Reviews(ServiceAccountTokens tokens)
{
    /// <summary>Answers when the path is a review's.</summary>
    /// <exception cref="StatusException">405 for anything but POST; 400 for a bad body.</exception>
    public async Task<bool> TryHandleAsync(HttpContext context, Caller caller, ApiPath path)
    {
        Func<Caller, JsonObject, JsonObject>? review = (path.Group, path.Version, path.Plural) switch
        {
            ("authentication.k8s.io", "v1", "selfsubjectreviews") => (who, _) => WhoAmI(who),
            ("authorization.k8s.io", "v1", "selfsubjectaccessreviews") => Access,
            ("authorization.k8s.io", "v1", "selfsubjectrulesreviews") => (who, _) => Rules(who),
            ("authentication.k8s.io", "v1", "tokenreviews") => (_, body) => Token(body),
            ("authorization.k8s.io", "v1", "subjectaccessreviews") => (_, body) => Access(Subject(body), body),
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

        Authorizer.Demand(caller, new AccessRequest("create", path.Group, path.Plural, "", ""));
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

        if (caller.Extra.Count > 0)
        {
            user["extra"] = new JsonObject(caller.Extra.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)new JsonArray(pair.Value))));
        }

        return user;
    }

    private static Caller Subject(JsonObject body)
    {
        var (user, groups) = (body.Text("spec", "user") ?? "", body.List("spec", "groups").Texts().ToList());
        return user.Length > 0 || groups.Count > 0
            ? new Caller(user, groups)
            : throw StatusException.BadRequest("spec: at least one of user or group must be specified");
    }

    private JsonObject Token(JsonObject body)
    {
        try
        {
            var (caller, audiences) = tokens.Authenticate(body.Text("spec", "token") ?? "", [.. body.List("spec", "audiences").Texts()]);
            return new JsonObject { ["authenticated"] = true, ["user"] = UserInfo(caller), ["audiences"] = Texts(audiences) };
        }
        catch (TokenRefused refusal)
        {
            return new JsonObject { ["authenticated"] = false, ["user"] = new JsonObject(), ["error"] = $"invalid bearer token: {refusal.Message}" };
        }
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
