using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Keeps a write to its part of the object, and counts generations.</summary>
internal static class WriteScope
{
    public static void Apply(KindDefinition kind, JsonObject obj, JsonObject? old, WriteContext context)
    {
        if (old is null)
        {
            if (kind is { StatusSubresource: true, KeepsStatusOnCreate: false })
            {
                obj.Remove("status");
            }
        }
        else if (context.IsStatus)
        {
            KeepAllButStatus(obj, old);
        }
        else if (kind.StatusSubresource && context.Subresource.Length == 0)
        {
            // Other subresources, such as binding, are the server's own writes and may touch both.
            Copy("status", old, obj);
        }
    }

    public static void CountGeneration(JsonObject obj, JsonObject? old)
    {
        var metadata = obj.Ensure("metadata");
        if (old is null)
        {
            metadata["generation"] = 1;
            return;
        }

        var generation = old.Number("metadata", "generation") ?? 0;
        metadata["generation"] = SameSpecification(obj, old) ? generation : generation + 1;
    }

    private static void KeepAllButStatus(JsonObject obj, JsonObject old)
    {
        foreach (var name in obj.Select(pair => pair.Key).Where(name => name is not ("metadata" or "status")).ToArray())
        {
            obj.Remove(name);
        }

        foreach (var name in old.Select(pair => pair.Key).Where(name => name is not ("metadata" or "status")))
        {
            Copy(name, old, obj);
        }
    }

    private static void Copy(string name, JsonObject from, JsonObject to)
    {
        if (from.At(name) is { } value)
        {
            to[name] = value.DeepClone();
        }
        else
        {
            to.Remove(name);
        }
    }

    private static bool SameSpecification(JsonObject obj, JsonObject old)
    {
        var names = obj.Concat(old).Select(pair => pair.Key).Where(name => name is not ("metadata" or "status" or "kind" or "apiVersion"));
        return names.Distinct().All(name => Doc.Same(obj.At(name), old.At(name)));
    }
}
