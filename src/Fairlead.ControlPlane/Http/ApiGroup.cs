using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Kube.Schema;

namespace Fairlead.ControlPlane.Http;

/// <summary>One resource as discovery lists it.</summary>
internal sealed record ApiResource(
    string Version, string Plural, string Singular, string Kind, bool Namespaced,
    IReadOnlyList<string> Verbs, IReadOnlyList<string> ShortNames, IReadOnlyList<string> Categories, IReadOnlyList<ApiSubresource> Subresources);

/// <summary>One API group with its resources, in the three forms of discovery.</summary>
internal sealed record ApiGroup(string Name, IReadOnlyList<ApiResource> Resources)
{
    /// <summary>Requests about callers; they are answered, not stored, and so are no kinds of the registry.</summary>
    private static readonly (string Group, string Plural, string Kind)[] Reviews =
    [
        ("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview"),
        ("authentication.k8s.io", "tokenreviews", "TokenReview"),
        ("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
        ("authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview"),
        ("authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview"),
    ];

    private IEnumerable<string> Versions => Resources.Select(resource => resource.Version).Distinct();

    /// <summary>All groups, the core group first.</summary>
    public static List<ApiGroup> All()
    {
        var stored = KindTable.All.Select(kind => (kind.Type.Group, Resource: new ApiResource(
            kind.Type.Version, kind.Type.Plural, kind.Singular, kind.Type.Kind, kind.Type.Namespaced,
            kind.Verbs, kind.ShortNames, kind.Categories, kind.Subresources)));
        var reviews = Reviews.Select(review => (review.Group, Resource: new ApiResource(
            "v1", review.Plural, review.Plural[..^1], review.Kind, false, ["create"], [], [], [])));
        return [.. stored.Concat(reviews).GroupBy(pair => pair.Group, pair => pair.Resource).Select(group => new ApiGroup(group.Key, [.. group]))];
    }

    /// <summary>An entry of APIGroupList.</summary>
    public JsonObject ToJson()
    {
        JsonObject Entry(string version) => new() { ["groupVersion"] = $"{Name}/{version}", ["version"] = version };
        return new JsonObject
        {
            ["name"] = Name,
            ["versions"] = new JsonArray([.. Versions.Select(Entry)]),
            ["preferredVersion"] = Entry(Versions.First()),
        };
    }

    /// <summary>An entry of APIGroupDiscoveryList.</summary>
    public JsonObject ToAggregated()
    {
        var metadata = new JsonObject { ["creationTimestamp"] = null };
        if (Name.Length > 0)
        {
            metadata["name"] = Name;
        }

        var versions = Versions.Select(version => (JsonNode)new JsonObject
        {
            ["version"] = version,
            ["freshness"] = "Current",
            ["resources"] = new JsonArray([.. Resources.Where(resource => resource.Version == version).Select(Aggregated)]),
        });
        return new JsonObject { ["metadata"] = metadata, ["versions"] = new JsonArray([.. versions]) };
    }

    /// <summary>The APIResourceList of a version; null when the group does not have it.</summary>
    public JsonObject? ToResourceList(string version)
    {
        var resources = Resources.Where(resource => resource.Version == version).ToList();
        return resources.Count == 0 ? null : new JsonObject
        {
            ["kind"] = "APIResourceList",
            ["apiVersion"] = "v1",
            ["groupVersion"] = Name.Length == 0 ? version : $"{Name}/{version}",
            ["resources"] = new JsonArray([.. resources.SelectMany(Plain)]),
        };
    }

    private static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(text => (JsonNode)text)]);

    private static void AddLists(JsonObject entry, ApiResource resource)
    {
        if (resource.ShortNames.Count > 0)
        {
            entry["shortNames"] = Texts(resource.ShortNames);
        }

        if (resource.Categories.Count > 0)
        {
            entry["categories"] = Texts(resource.Categories);
        }
    }

    private JsonObject Aggregated(ApiResource resource)
    {
        var entry = new JsonObject
        {
            ["resource"] = resource.Plural,
            ["responseKind"] = new JsonObject { ["group"] = Name, ["version"] = resource.Version, ["kind"] = resource.Kind },
            ["scope"] = resource.Namespaced ? "Namespaced" : "Cluster",
            ["singularResource"] = resource.Singular,
            ["verbs"] = Texts(resource.Verbs),
        };
        AddLists(entry, resource);
        if (resource.Subresources.Count > 0)
        {
            entry["subresources"] = new JsonArray([.. resource.Subresources.Select(sub => new JsonObject
            {
                ["subresource"] = sub.Name,
                ["responseKind"] = new JsonObject { ["group"] = sub.Group, ["version"] = sub.Version, ["kind"] = sub.Kind },
                ["verbs"] = Texts(sub.Verbs),
            })]);
        }

        return entry;
    }

    private IEnumerable<JsonNode> Plain(ApiResource resource)
    {
        var entry = new JsonObject
        {
            ["name"] = resource.Plural,
            ["singularName"] = resource.Singular,
            ["namespaced"] = resource.Namespaced,
            ["kind"] = resource.Kind,
            ["verbs"] = Texts(resource.Verbs),
        };
        AddLists(entry, resource);
        yield return entry;
        foreach (var sub in resource.Subresources)
        {
            var line = new JsonObject
            {
                ["name"] = $"{resource.Plural}/{sub.Name}",
                ["singularName"] = "",
                ["namespaced"] = resource.Namespaced,
                ["kind"] = sub.Kind,
                ["verbs"] = Texts(sub.Verbs),
            };
            if (sub.Group != Name || sub.Version != resource.Version)
            {
                (line["group"], line["version"]) = (sub.Group, sub.Version);
            }

            yield return line;
        }
    }
}
