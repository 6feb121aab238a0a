using System.Text;
using System.Text.Json.Nodes;

namespace Fairlead.ControlPlane.Kinds;

/// <summary>Validation that ConfigMap and Secret share: keys, size, immutability.</summary>
internal static class DataRules
{
    private const int MostBytes = 1024 * 1024;

    public static void Validate(JsonObject obj, FieldErrors errors, params ReadOnlySpan<string> maps)
    {
        long size = 0;
        var seen = new HashSet<string>();
        foreach (var map in maps)
        {
            foreach (var (key, value) in obj.Object(map).Pairs())
            {
                var field = new FieldPath(map).Key(key);
                size += IsText(map, maps) ? Encoding.UTF8.GetByteCount(value) : value.Length / 4 * 3;
                if (Names.ConfigKey(key) is { } fault)
                {
                    errors.Invalid(field, key, fault);
                }

                if (!seen.Add(key))
                {
                    errors.Invalid(field, key, "duplicate of key present in data");
                }
            }
        }

        if (size > MostBytes)
        {
            errors.TooLong(new FieldPath(maps.Length > 1 ? "" : "data"), MostBytes);
        }
    }

    /// <summary>Of several maps (ConfigMap) data holds text; all else is base64.</summary>
    private static bool IsText(string map, ReadOnlySpan<string> maps) => map == "data" && maps.Length > 1;

    /// <summary>An object marked immutable stays so, and its values stay as they are.</summary>
    public static void ValidateUpdate(JsonObject obj, JsonObject old, FieldErrors errors, params ReadOnlySpan<string> maps)
    {
        if (old.Flag("immutable") != true)
        {
            return;
        }

        if (obj.Flag("immutable") != true)
        {
            errors.Forbidden(new FieldPath("immutable"), "field is immutable when `immutable` is set");
        }

        foreach (var map in maps)
        {
            if (!Doc.Same(obj.At(map), old.At(map)))
            {
                errors.Forbidden(new FieldPath(map), "field is immutable when `immutable` is set");
            }
        }
    }
}
