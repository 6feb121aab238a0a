using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Fairlead.Terminal;

namespace Fairlead.OneMachine;

/// <summary>Small documents on disk, replaced as a whole or not at all.</summary>
internal static class JsonFile
{
    /// <summary>Reads a document; null when the file is missing or is not one.</summary>
    /// <exception cref="UserError">It is not this user's to read.</exception>
    public static T? Load<T>(string path, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), type);
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
        catch (UnauthorizedAccessException e)
        {
            throw new UserError(e.Message, "run it with sudo");
        }
    }

    /// <summary>Writes a document beside the old one and renames it over; readable by its owner only.</summary>
    /// <exception cref="IOException">The disk is full or the directory is gone; the old document stays.</exception>
    public static void Save<T>(string path, T value, JsonTypeInfo<T> type)
    {
        var beside = path + ".new";
        using (var file = new FileStream(beside, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            JsonSerializer.Serialize(file, value, type);
            file.Flush(flushToDisk: true);
        }

        File.Move(beside, path, overwrite: true);
    }
}
