namespace Fairlead.ControlPlane.Pki;

/// <summary>Files that only their owner may read, written whole or not at all.</summary>
internal static class SecretFile
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes the directory, 0700, with its parents.</summary>
    public static void EnsureDirectory(string directory) => Directory.CreateDirectory(directory, Owner | UnixFileMode.UserExecute);

    /// <summary>Writes a file, 0600, by way of a temporary one beside it.</summary>
    public static void Write(string path, string text)
    {
        var temporary = path + ".new";
        File.Delete(temporary);
        using (var stream = new FileStream(
            temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Owner }))
        {
            using var writer = new StreamWriter(stream);
            writer.Write(text);
            writer.Flush();
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }
}
