using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Registry;

/// <summary>A request refused, as the Status the client gets (meta/v1 Status): code, reason, message, details.</summary>
internal sealed class StatusException(int code, string reason, string message, JsonObject? details = null) : Exception(message)
{
    public int Code { get; } = code;

    public string Reason { get; } = reason;

    public JsonObject? Details { get; } = details;

    /// <summary>The token with which an expired list can be continued, inconsistently; empty otherwise.</summary>
    public string Continue { get; init; } = "";

    public static StatusException BadRequest(string message) => new(400, "BadRequest", message);

    public static StatusException NotFound(ResourceType type, string name) =>
        new(404, "NotFound", $"{Qualified(type)} \"{name}\" not found", Of(type.Group, type.Plural, name));

    public static StatusException NoSuchPath() => new(404, "NotFound", "the server could not find the requested resource", []);

    public static StatusException AlreadyExists(ResourceType type, string name) =>
        new(409, "AlreadyExists", $"{Qualified(type)} \"{name}\" already exists", Of(type.Group, type.Plural, name));

    public static StatusException Conflict(ResourceType type, string name, string why) =>
        new(409, "Conflict", $"Operation cannot be fulfilled on {Qualified(type)} \"{name}\": {why}", Of(type.Group, type.Plural, name));

    public static StatusException Modified(ResourceType type, string name) =>
        Conflict(type, name, "the object has been modified; please apply your changes to the latest version and try again");

    public static StatusException Forbidden(ResourceType type, string name, string why, JsonArray? causes = null)
    {
        var details = Of(type.Group, type.Plural, name);
        if (causes is not null)
        {
            details["causes"] = causes;
        }

        return new(403, "Forbidden", $"{Qualified(type)} \"{name}\" is forbidden: {why}", details);
    }

    public static StatusException MethodNotAllowed() =>
        new(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", []);

    public static StatusException NotAcceptable() => new(
        406, "NotAcceptable",
        "only the following media types are accepted: application/json, application/json;as=Table, application/json;as=PartialObjectMetadata");

    public static StatusException UnsupportedMediaType(string given, string accepted) => new(
        415, "UnsupportedMediaType", $"the body of the request was in an unknown format ({given}) - accepted media types include: {accepted}");

    public static StatusException Expired(string message, string continuation = "") => new(410, "Expired", message) { Continue = continuation };

    public static StatusException TooLargeRevision(long asked, long current) => new(
        504, "Timeout", $"Too large resource version: {asked}, current: {current}",
        new JsonObject
        {
            ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ResourceVersionTooLarge", ["message"] = "Too large resource version" }),
            ["retryAfterSeconds"] = 1,
        });

    public static StatusException Internal(string message) => new(500, "InternalError", $"Internal error occurred: {message}");

    /// <summary>The faults of a document, 422, with a cause per fault.</summary>
    public static StatusException Invalid(string group, string kind, string name, FieldErrors errors)
    {
        var details = Of(group, kind, name);
        var causes = new JsonArray();
        foreach (var error in errors)
        {
            causes.Add((JsonNode)new JsonObject { ["reason"] = error.Reason, ["message"] = error.Body, ["field"] = error.Field });
        }

        details["causes"] = causes;
        var qualified = group.Length == 0 ? kind : $"{kind}.{group}";
        return new(422, "Invalid", $"{qualified} \"{name}\" is invalid: {errors.Describe()}", details);
    }

    /// <summary>One forbidden or invalid option of a request, 422.</summary>
    public static StatusException InvalidOption(string kind, FieldErrorType type, string field, string detail)
    {
        var errors = new FieldErrors();
        errors.Add(new FieldError(type, field, null, detail));
        return Invalid("meta.k8s.io", kind, "", errors);
    }

    /// <summary>The Status document.</summary>
    public JsonObject ToStatus()
    {
        var metadata = new JsonObject();
        if (Continue.Length > 0)
        {
            metadata["continue"] = Continue;
        }

        var status = new JsonObject
        {
            ["kind"] = "Status",
            ["apiVersion"] = "v1",
            ["metadata"] = metadata,
            ["status"] = "Failure",
            ["message"] = Message,
            ["reason"] = Reason,
        };
        if (Details is not null)
        {
            status["details"] = Details.DeepClone();
        }

        status["code"] = Code;
        return status;
    }

    private static string Qualified(ResourceType type) => type.Group.Length == 0 ? type.Plural : $"{type.Plural}.{type.Group}";

    private static JsonObject Of(string group, string kind, string name)
    {
        var details = new JsonObject();
        if (name.Length > 0)
        {
            details["name"] = name;
        }

        if (group.Length > 0)
        {
            details["group"] = group;
        }

        details["kind"] = kind;
        return details;
    }
}
