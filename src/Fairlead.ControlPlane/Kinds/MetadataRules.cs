using System.Text;
using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Validation of metadata, the same for every kind (apimachinery's ValidateObjectMeta).</summary>
internal static class MetadataRules
{
    private const int MaxAnnotationBytes = 256 * 1024;

    private static readonly string[] StandardFinalizers = ["orphan", "foregroundDeletion", "kubernetes"];

    public static void Validate(KindDefinition kind, JsonObject obj, JsonObject? old, FieldErrors errors)
    {
        var metadata = obj.Object("metadata");
        ValidateName(kind, metadata, errors);
        ValidateNamespace(kind, metadata, errors);
        Labels(metadata.Object("labels"), FieldPath.Metadata.Child("labels"), errors);
        Annotations(metadata.Object("annotations"), FieldPath.Metadata.Child("annotations"), errors);
        ValidateOwners(metadata.List("ownerReferences"), errors);
        ValidateFinalizers(metadata.List("finalizers"), errors);
        if (old is not null)
        {
            ValidateUpdate(metadata, old.Object("metadata"), errors);
        }
    }

    /// <summary>Keys and values of a label map.</summary>
    public static void Labels(JsonObject? labels, FieldPath field, FieldErrors errors)
    {
        foreach (var (key, value) in labels.Pairs())
        {
            LabelKey(key, field, errors);
            if (Names.LabelValue(value) is { } fault)
            {
                errors.Invalid(field, value, fault);
            }
        }
    }

    /// <summary>The key of a label or requirement.</summary>
    public static void LabelKey(string key, FieldPath field, FieldErrors errors)
    {
        if (Names.QualifiedName(key) is { } fault)
        {
            errors.Invalid(field, key, fault);
        }
    }

    /// <summary>Keys and total size of an annotation map.</summary>
    public static void Annotations(JsonObject? annotations, FieldPath field, FieldErrors errors)
    {
        long bytes = 0;
        foreach (var (key, value) in annotations.Pairs())
        {
            bytes += Encoding.UTF8.GetByteCount(key) + Encoding.UTF8.GetByteCount(value);
#pragma warning disable CA1308 // the rule is stated for the lower-case form
            if (Names.QualifiedName(key.ToLowerInvariant()) is { } fault)
#pragma warning restore CA1308
            {
                errors.Invalid(field, key, fault);
            }
        }

        if (bytes > MaxAnnotationBytes)
        {
            errors.TooLong(field, MaxAnnotationBytes);
        }
    }

    private static void ValidateName(KindDefinition kind, JsonObject? metadata, FieldErrors errors)
    {
        var prefix = metadata.Text("generateName");
        if (!string.IsNullOrEmpty(prefix) && kind.CheckName(prefix, prefix: true) is { } prefixFault)
        {
            errors.Invalid(FieldPath.Metadata.Child("generateName"), prefix, prefixFault);
        }

        var name = metadata.Text("name");
        if (string.IsNullOrEmpty(name))
        {
            errors.Required(FieldPath.Metadata.Child("name"), "name or generateName is required");
        }
        else if (kind.CheckName(name, prefix: false) is { } fault)
        {
            errors.Invalid(FieldPath.Metadata.Child("name"), name, fault);
        }
    }

    private static void ValidateNamespace(KindDefinition kind, JsonObject? metadata, FieldErrors errors)
    {
        var field = FieldPath.Metadata.Child("namespace");
        var name = metadata.Text("namespace");
        if (!kind.Type.Namespaced)
        {
            if (!string.IsNullOrEmpty(name))
            {
                errors.Forbidden(field, "not allowed on this type");
            }
        }
        else if (string.IsNullOrEmpty(name))
        {
            errors.Required(field);
        }
        else if (Names.DnsLabel(name) is { } fault)
        {
            errors.Invalid(field, name, fault);
        }
    }

    private static void ValidateOwners(JsonArray? owners, FieldErrors errors)
    {
        var controllers = 0;
        foreach (var (index, owner) in owners.Items())
        {
            var field = FieldPath.Metadata.Child("ownerReferences").Index(index);
            foreach (var name in (ReadOnlySpan<string>)["apiVersion", "kind", "name", "uid"])
            {
                if (string.IsNullOrEmpty(owner.Text(name)))
                {
                    errors.Invalid(field.Child(name), "", name == "apiVersion" ? "version must not be empty" : "must not be empty");
                }
            }

            controllers += owner.Flag("controller") == true ? 1 : 0;
        }

        if (controllers > 1)
        {
            errors.Invalid(FieldPath.Metadata.Child("ownerReferences"), null, "Only one reference can have Controller set to true");
        }
    }

    private static void ValidateFinalizers(JsonArray? finalizers, FieldErrors errors)
    {
        var field = FieldPath.Metadata.Child("finalizers");
        foreach (var finalizer in finalizers.Texts())
        {
            if (Names.QualifiedName(finalizer) is { } fault)
            {
                errors.Invalid(field, finalizer, fault);
            }
            else if (!finalizer.Contains('/', StringComparison.Ordinal) && !StandardFinalizers.Contains(finalizer))
            {
                errors.Invalid(field, finalizer, "name is neither a standard finalizer name nor is it fully qualified");
            }
        }
    }

    private static void ValidateUpdate(JsonObject? metadata, JsonObject? old, FieldErrors errors)
    {
        foreach (var name in (ReadOnlySpan<string>)["name", "namespace", "uid", "creationTimestamp"])
        {
            if (!Doc.Same(metadata.At(name), old.At(name)))
            {
                errors.Invalid(FieldPath.Metadata.Child(name), metadata.At(name), Rules.Immutable);
            }
        }

        if (old.Has("deletionTimestamp"))
        {
            var added = metadata.List("finalizers").Texts().Except(old.List("finalizers").Texts()).ToArray();
            if (added.Length > 0)
            {
                var list = string.Join(", ", added.Select(item => $"\"{item}\""));
                errors.Forbidden(
                    FieldPath.Metadata.Child("finalizers"),
                    $"no new finalizers can be added if the object is being deleted, found new finalizers []string{{{list}}}");
            }
        }
    }
}
