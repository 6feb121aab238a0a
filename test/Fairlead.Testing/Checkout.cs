namespace Fairlead.Testing;

/// <summary>The checkout that these tests were built from.</summary>
public static class Checkout
{
    /// <summary>Its folder.</summary>
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    /// <summary>The project files of the product.</summary>
    public static string[] Projects { get; } = Directory.GetFiles(Path.Combine(Root, "src"), "*.csproj", SearchOption.AllDirectories);

    /// <summary>The C# sources below a folder, and their lines.</summary>
    public static IEnumerable<(string File, string[] Lines)> Sources(params string[] folders) =>
        from folder in folders
        from file in Directory.GetFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
        select (Path.GetRelativePath(Root, file), File.ReadAllLines(file));

    private static string FindRoot(string directory) =>
        File.Exists(Path.Combine(directory, "Fairlead.slnx")) ? directory : FindRoot(Path.GetDirectoryName(directory.TrimEnd(Path.DirectorySeparatorChar))!);
}
