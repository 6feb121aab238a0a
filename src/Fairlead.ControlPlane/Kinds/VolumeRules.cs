using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Validation of a pod's volumes.</summary>
internal static class VolumeRules
{
    /// <summary>Checks the volumes; returns their names, to which mounts may refer.</summary>
    public static IReadOnlySet<string> Validate(JsonArray? volumes, FieldPath field, FieldErrors errors)
    {
        var names = new HashSet<string>();
        foreach (var (index, volume) in volumes.Items())
        {
            var path = field.Index(index);
            ValidateSource(volume, path, errors);
            if (Rules.Require(volume.At("name"), path.Child("name"), errors) is not { } name)
            {
                continue;
            }

            if (Names.DnsLabel(name) is { } fault)
            {
                errors.Invalid(path.Child("name"), name, fault);
            }

            if (!names.Add(name))
            {
                errors.Duplicate(path.Child("name"), name);
            }
        }

        return names;
    }

    private static void ValidateSource(JsonObject volume, FieldPath field, FieldErrors errors)
    {
        var sources = volume.Where(pair => pair.Key != "name" && pair.Value is not null).Select(pair => pair.Key).ToArray();
        if (sources.Length == 0)
        {
            errors.Required(field, "must specify a volume type");
        }

        foreach (var extra in sources.Skip(1))
        {
            errors.Forbidden(field.Child(extra), "may not specify more than 1 volume type");
        }

        Required(volume, field, errors, "secret", "secretName");
        Required(volume, field, errors, "configMap", "name");
        Required(volume, field, errors, "persistentVolumeClaim", "claimName");
        Required(volume, field, errors, "hostPath", "path");
        Required(volume, field, errors, "nfs", "server");
        Required(volume, field, errors, "nfs", "path");
        Required(volume, field, errors, "csi", "driver");
        if (volume.Text("hostPath", "path") is { } path && path.Split('/').Contains(".."))
        {
            errors.Invalid(field.Child("hostPath").Child("path"), path, "must not contain '..'");
        }

        Rules.RequireOneOf(
            volume.Object("hostPath").At("type"), field.Child("hostPath").Child("type"), errors,
            "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket");
        foreach (var (index, item) in volume.List("downwardAPI", "items").Items())
        {
            if (item.Object("fieldRef") is { } reference)
            {
                PodFieldRules.Validate(reference, field.Child("downwardAPI").Child("items").Index(index).Child("fieldRef"), PodFieldRules.Files, errors);
            }
        }

        Paths(volume.List("secret", "items"), field.Child("secret").Child("items"), errors);
        Paths(volume.List("configMap", "items"), field.Child("configMap").Child("items"), errors);
        Paths(volume.List("downwardAPI", "items"), field.Child("downwardAPI").Child("items"), errors);
    }

    private static void Required(JsonObject volume, FieldPath field, FieldErrors errors, string source, string name)
    {
        if (volume.Object(source) is { } obj)
        {
            Rules.Require(obj.At(name), field.Child(source).Child(name), errors);
        }
    }

    private static void Paths(JsonArray? items, FieldPath field, FieldErrors errors)
    {
        foreach (var (index, item) in items.Items())
        {
            var place = field.Index(index).Child("path");
            if (Rules.Require(item.At("path"), place, errors) is not { } path)
            {
                continue;
            }

            if (path.StartsWith('/'))
            {
                errors.Invalid(place, path, "must be a relative path");
            }
            else if (path.Split('/').Contains(".."))
            {
                errors.Invalid(place, path, "must not contain '..'");
            }
        }
    }
}
