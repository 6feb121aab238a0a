using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Kube.Client;

namespace Fairlead.ControlPlane.Registry;

/// <summary>The metadata that belongs to the server: names, uid, times, revision. Clients' values are checked or replaced.</summary>
internal static class SystemMetadata
{
    private const int SuffixLength = 5;
    private const int LongestPrefix = 63 - SuffixLength;

    private static readonly string[] Owned = ["selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "generation"];

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Completes the metadata of a new object.</summary>
    /// <exception cref="StatusException">400: another namespace than the path's, or a resourceVersion.</exception>
    public static void Create(JsonObject value, ResourceType type, string ns, DateTimeOffset now)
    {
        var metadata = ObjectMeta.Of(value);
        SetNamespace(metadata, type, ns);
        if (ObjectMeta.Text(value, "resourceVersion").Length > 0)
        {
            throw StatusException.BadRequest("resourceVersion should not be set on objects to be created");
        }

        foreach (var field in Owned)
        {
            metadata.Remove(field);
        }

        metadata.Remove("resourceVersion");
        metadata.Remove("managedFields");
        if (ObjectMeta.Name(value).Length == 0 && ObjectMeta.Text(value, "generateName") is { Length: > 0 } prefix)
        {
            metadata["name"] = Generate(prefix);
        }

        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = Time(now);
    }

    /// <summary>Carries over what an update cannot change.</summary>
    /// <exception cref="StatusException">400 for another name or namespace than the path's, 409 for another uid.</exception>
    public static void Update(JsonObject value, JsonObject old, ResourceType type, string ns, string name)
    {
        var metadata = ObjectMeta.Of(value);
        var before = ObjectMeta.Of(old);
        SetNamespace(metadata, type, ns);
        if (ObjectMeta.Name(value) is var given && given != name)
        {
            throw StatusException.BadRequest(given.Length == 0
                ? "name must be provided"
                : $"the name of the object ({given}) does not match the name on the URL ({name})");
        }

        if (ObjectMeta.Uid(value) is { Length: > 0 } uid && uid != ObjectMeta.Uid(old))
        {
            throw PreconditionUid(type, name, uid, ObjectMeta.Uid(old));
        }

        foreach (var field in Owned.Append("uid"))
        {
            Copy(field, before, metadata);
        }

        if (ObjectMeta.Text(value, "creationTimestamp").Length == 0)
        {
            Copy("creationTimestamp", before, metadata);
        }
    }

    public static StatusException PreconditionUid(ResourceType type, string name, string asked, string found) =>
        StatusException.Conflict(type, name, $"Precondition failed: UID in precondition: {asked}, UID in object meta: {found}");

    /// <summary>A name that begins with <paramref name="prefix"/>; the alphabet has no vowels and no look-alikes, as upstream's.</summary>
    public static string Generate(string prefix) =>
        (prefix.Length > LongestPrefix ? prefix[..LongestPrefix] : prefix) + RandomNumberGenerator.GetString("bcdfghjklmnpqrstvwxz2456789", SuffixLength);

    private static void SetNamespace(JsonObject metadata, ResourceType type, string ns)
    {
        var given = metadata["namespace"].AsText() ?? "";
        if (type.Namespaced && given.Length > 0 && given != ns)
        {
            throw StatusException.BadRequest(
                $"the namespace of the provided object does not match the namespace sent on the request ({given}, {ns})");
        }

        if (type.Namespaced)
        {
            metadata["namespace"] = ns;
        }
        else if (given.Length == 0)
        {
            metadata.Remove("namespace");
        }
    }

    private static void Copy(string field, JsonObject from, JsonObject to)
    {
        if (from.TryGetPropertyValue(field, out var value) && value is not null)
        {
            to[field] = value.DeepClone();
        }
        else
        {
            to.Remove(field);
        }
    }
}
