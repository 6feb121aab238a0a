using System.Globalization;
using Fairlead.ControlPlane.Kinds;
using Fairlead.ControlPlane.Registry;
using Microsoft.AspNetCore.Http;

namespace Fairlead.ControlPlane.Http;

/// <summary>The query parameters of the API, read and checked.</summary>
internal static class RequestQuery
{
    public static bool IsWatch(IQueryCollection query) => Flag(query, "watch") ?? false;

    public static ListQuery List(IQueryCollection query) => new()
    {
        LabelSelector = Text(query, "labelSelector"),
        FieldSelector = Text(query, "fieldSelector"),
        ResourceVersion = Text(query, "resourceVersion"),
        Match = Text(query, "resourceVersionMatch"),
        Limit = Number(query, "limit") ?? 0,
        Continue = Text(query, "continue"),
        SendInitialEvents = Flag(query, "sendInitialEvents"),
        Bookmarks = Flag(query, "allowWatchBookmarks") ?? false,
        TimeoutSeconds = Number(query, "timeoutSeconds") ?? 0,
    };

    public static WriteOptions Write(HttpRequest request) => Write(request.Query) with
    {
        // Who does not say it is known by his program.
        FieldManager = Text(request.Query, "fieldManager") is { Length: > 0 } manager ? manager : Program(request.Headers.UserAgent.ToString()),
        Force = Flag(request.Query, "force") ?? false,
    };

    private static WriteOptions Write(IQueryCollection query) => new()
    {
        DryRun = DeleteOptions.ParseDryRun(query["dryRun"]),
        FieldValidation = Text(query, "fieldValidation") switch
        {
            "" or "Warn" => FieldValidation.Warn,
            "Strict" => FieldValidation.Strict,
            "Ignore" => FieldValidation.Ignore,
            var other => throw StatusException.InvalidOption(
                "CreateOptions", FieldErrorType.NotSupported, "fieldValidation", $"\"{other}\": supported values: \"Ignore\", \"Strict\", \"Warn\""),
        },
    };

    private static string Program(string agent) => agent.Split('/')[0].Trim() is { Length: > 0 and <= 128 } program ? program : "unknown";

    public static DeleteOptions Delete(IQueryCollection query) => new()
    {
        GracePeriodSeconds = Number(query, "gracePeriodSeconds"),
        Propagation = DeleteOptions.ParsePropagation(Text(query, "propagationPolicy"))
            ?? (Flag(query, "orphanDependents") == true ? Propagation.Orphan : null),
        DryRun = DeleteOptions.ParseDryRun(query["dryRun"]),
    };

    public static IncludeObject Include(IQueryCollection query) => Text(query, "includeObject") switch
    {
        "" or "Metadata" => IncludeObject.Metadata,
        "None" => IncludeObject.None,
        "Object" => IncludeObject.Object,
        var other => throw StatusException.BadRequest($"includeObject: \"{other}\": supported values: Metadata, None, Object"),
    };

    public static string Text(IQueryCollection query, string name) => query.TryGetValue(name, out var values) ? values[^1] ?? "" : "";

    public static bool? Flag(IQueryCollection query, string name) => query.TryGetValue(name, out var values)
        ? values[^1] switch
        {
            "" or "1" or "true" or "t" or "True" or "TRUE" => true,
            "0" or "false" or "f" or "False" or "FALSE" => false,
            var other => throw StatusException.BadRequest($"{name}: \"{other}\" is not a boolean: use true or false"),
        }
        : null;

    public static long? Number(IQueryCollection query, string name)
    {
        var text = Text(query, name);
        if (text.Length == 0)
        {
            return null;
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= 0
            ? number
            : throw StatusException.BadRequest($"{name}: \"{text}\" is not a whole number of 0 or more");
    }
}
