using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;

namespace Fairlead.ControlPlane.Registry;

/// <summary>What becomes of the objects that an object owns.</summary>
internal enum Propagation
{
    /// <summary>The garbage collector deletes them after it.</summary>
    Background,

    /// <summary>It goes after them.</summary>
    Foreground,

    /// <summary>They stay.</summary>
    Orphan,
}

/// <summary>How to delete (meta/v1 DeleteOptions).</summary>
internal sealed record DeleteOptions
{
    public long? GracePeriodSeconds { get; init; }

    /// <summary>Null leaves the object's finalizers as they are, which without any means Background.</summary>
    public Propagation? Propagation { get; init; }

    public string Uid { get; init; } = "";

    public string ResourceVersion { get; init; } = "";

    public bool DryRun { get; init; }

    /// <summary>Reads the body of a DELETE over what the query said.</summary>
    /// <exception cref="StatusException">422 for values outside the API's.</exception>
    public DeleteOptions Read(JsonObject? body)
    {
        if (body is null)
        {
            return this;
        }

        if (body.Text("kind") is { } kind && kind != "DeleteOptions")
        {
            throw StatusException.BadRequest($"the body of a DELETE must be a DeleteOptions, not a {kind}");
        }

        var dryRun = body["dryRun"] is JsonArray { Count: > 0 } list ? ParseDryRun([.. list.Texts()]) : DryRun;
        return this with
        {
            GracePeriodSeconds = body.Number("gracePeriodSeconds") ?? GracePeriodSeconds,
            Propagation = body.Text("propagationPolicy") is { } policy ? ParsePropagation(policy)
                : body.Flag("orphanDependents") is { } orphan ? (orphan ? Registry.Propagation.Orphan : Registry.Propagation.Background)
                : Propagation,
            Uid = body.Text("preconditions", "uid") ?? Uid,
            ResourceVersion = body.Text("preconditions", "resourceVersion") ?? ResourceVersion,
            DryRun = dryRun,
        };
    }

    public static Propagation? ParsePropagation(string text) => text switch
    {
        "" => null,
        "Background" => Registry.Propagation.Background,
        "Foreground" => Registry.Propagation.Foreground,
        "Orphan" => Registry.Propagation.Orphan,
        _ => throw StatusException.InvalidOption(
            "DeleteOptions", FieldErrorType.NotSupported, "propagationPolicy", $"\"{text}\": supported values: \"Background\", \"Foreground\", \"Orphan\""),
    };

    public static bool ParseDryRun(IReadOnlyList<string?> values)
    {
        foreach (var value in values)
        {
            if (value is not "All")
            {
                throw StatusException.InvalidOption("DeleteOptions", FieldErrorType.NotSupported, "dryRun", $"\"{value}\": supported values: \"All\"");
            }
        }

        return values.Count > 0;
    }
}
