using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Registry;

/// <summary>The autoscaling/v1 Scale of a Deployment or ReplicaSet, read from it and written back to it.</summary>
internal static class ScaleView
{
    /// <summary>The Scale of <paramref name="owner"/>.</summary>
    public static JsonObject Of(JsonObject owner)
    {
        var metadata = new JsonObject();
        foreach (var field in (ReadOnlySpan<string>)["name", "namespace", "uid", "resourceVersion", "creationTimestamp"])
        {
            if (ObjectMeta.Text(owner, field) is { Length: > 0 } text)
            {
                metadata[field] = text;
            }
        }

        var status = new JsonObject { ["replicas"] = owner.Number("status", "replicas") ?? 0 };
        if (Selector(owner) is { Length: > 0 } selector)
        {
            status["selector"] = selector;
        }

        return new JsonObject
        {
            ["kind"] = "Scale",
            ["apiVersion"] = "autoscaling/v1",
            ["metadata"] = metadata,
            ["spec"] = new JsonObject { ["replicas"] = owner.Number("spec", "replicas") ?? 0 },
            ["status"] = status,
        };
    }

    /// <summary>Sets the replicas, and the revision insisted on, that a Scale asks for.</summary>
    /// <exception cref="StatusException">400: no Scale; 422: a negative number.</exception>
    public static JsonObject Apply(JsonObject owner, JsonObject scale)
    {
        owner.Ensure("spec")["replicas"] = Replicas(scale, ObjectMeta.Name(owner)) ?? 0;
        if (ObjectMeta.Text(scale, "resourceVersion") is { Length: > 0 } revision)
        {
            ObjectMeta.Of(owner)["resourceVersion"] = revision;
        }

        return owner;
    }

    /// <summary>What a Scale that is applied (server-side) says of its owner.</summary>
    /// <exception cref="StatusException">400: no Scale; 422: a negative number.</exception>
    public static JsonObject Configuration(ResourceType owner, string name, JsonObject scale)
    {
        var metadata = new JsonObject { ["name"] = ObjectMeta.Name(scale) is { Length: > 0 } given ? given : name };
        foreach (var field in (ReadOnlySpan<string>)["resourceVersion", "uid"])
        {
            if (ObjectMeta.Text(scale, field) is { Length: > 0 } text)
            {
                metadata[field] = text;
            }
        }

        var configuration = new JsonObject { ["apiVersion"] = owner.ApiVersion, ["kind"] = owner.Kind, ["metadata"] = metadata };
        if (Replicas(scale, name) is { } replicas)
        {
            configuration["spec"] = new JsonObject { ["replicas"] = replicas };
        }

        return configuration;
    }

    private static long? Replicas(JsonObject scale, string name)
    {
        if (scale.Text("kind") is { } kind && kind != "Scale")
        {
            throw StatusException.BadRequest($"the scale subresource takes an autoscaling/v1 Scale, not a {kind}");
        }

        var replicas = scale.Number("spec", "replicas");
        if (replicas < 0)
        {
            var errors = new FieldErrors();
            errors.Invalid(FieldPath.Spec.Child("replicas"), replicas, "must be greater than or equal to 0");
            throw StatusException.Invalid("autoscaling", "Scale", name, errors);
        }

        return replicas;
    }

    /// <summary>The pod selector in its text form.</summary>
    private static string Selector(JsonObject owner)
    {
        var terms = owner.Object("spec", "selector", "matchLabels").Pairs().Select(pair => $"{pair.Key}={pair.Value}").ToList();
        foreach (var (_, item) in owner.List("spec", "selector", "matchExpressions").Items())
        {
            var values = string.Join(',', item.List("values").Texts());
            var key = item.Text("key");
            terms.Add(item.Text("operator") switch
            {
                "In" => $"{key} in ({values})",
                "NotIn" => $"{key} notin ({values})",
                "Exists" => key ?? "",
                _ => $"!{key}",
            });
        }

        return string.Join(',', terms.Order(StringComparer.Ordinal));
    }
}
