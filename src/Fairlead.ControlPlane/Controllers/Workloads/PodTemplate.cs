using System.Text.Json.Nodes;
using Fairlead.Cluster.Controllers;
using Fairlead.Kube.Documents;

namespace Fairlead.ControlPlane.Controllers.Workloads;

/// <summary>Pod templates in canonical JSON: whether two are alike, and the hash that names a ReplicaSet.</summary>
internal static class PodTemplate
{
    public const string HashLabel = "pod-template-hash";

    // Without vowels and look-alike digits no hash spells a word (as upstream's names).
    private const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";

    /// <summary>The template without the label that a Deployment adds to it.</summary>
    public static string WithoutHash(string template)
    {
        if (!template.Contains(HashLabel, StringComparison.Ordinal))
        {
            return template;
        }

        var node = JsonNode.Parse(template);
        (node.At("metadata", "labels") as JsonObject)?.Remove(HashLabel);
        return CanonicalJson.Write(node);
    }

    /// <summary>A short name for a template; <paramref name="collisions"/> gives another one when the first was taken.</summary>
    public static string Hash(string template, int collisions)
    {
        var hash = 2166136261u;
        foreach (var unit in template)
        {
            // FNV-1a over both bytes of each UTF-16 unit.
            hash = ((hash ^ (unit & 0xFFu)) * 16777619u ^ (uint)(unit >> 8)) * 16777619u;
        }

        for (var i = 0; i < collisions; i++)
        {
            hash = (hash ^ 0xFFu) * 16777619u;
        }

        Span<char> name = stackalloc char[7];
        for (var i = 0; i < name.Length; i++)
        {
            (name[i], hash) = (Alphabet[(int)(hash % (uint)Alphabet.Length)], hash / (uint)Alphabet.Length);
        }

        return new string(name);
    }

    /// <summary>The pod that a ReplicaSet makes from its template.</summary>
    public static JsonObject NewPod(string template, string setName, string space, OwnerReference owner)
    {
        var source = JsonNode.Parse(template);
        var meta = (source.At("metadata") as JsonObject)?.DeepClone() as JsonObject ?? [];
        meta.Remove("name");
        meta["generateName"] = setName + "-";
        meta["namespace"] = space;
        meta["ownerReferences"] = new JsonArray(owner.ToJson());
        return new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Pod", ["metadata"] = meta, ["spec"] = source.At("spec")?.DeepClone() };
    }
}
