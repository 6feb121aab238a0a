using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.Cni.Plugin;
using Microsoft.Extensions.Logging;

namespace Fairlead.Cni;

/// <summary>
/// Puts plugin and configuration where the container runtime looks for them. The configuration comes last and in one step: a runtime that sees it may
/// start pods at once.
/// </summary>
internal static class CniInstaller
{
    /// <summary>The plugin's file name and <c>type</c>.</summary>
    internal const string PluginName = "fairlead-cni";

    /// <summary>Runtimes take the file whose name sorts first.</summary>
    internal const string ConfigurationName = "05-fairlead.conflist";

    /// <summary>Installs both, or nothing where no directories are given.</summary>
    /// <exception cref="IOException">A directory or file cannot be written.</exception>
    internal static void Install(CniOptions options, ILogger log)
    {
        if (options.BinDirectory.Length > 0)
        {
            InstallProgram(options.ProgramPath.Length > 0 ? options.ProgramPath : Environment.ProcessPath!, options.BinDirectory);
        }

        if (options.ConfDirectory.Length == 0)
        {
            return;
        }

        Directory.CreateDirectory(options.ConfDirectory);
        var path = Path.Combine(options.ConfDirectory, ConfigurationName);
        var temporary = $"{path}.new";
        File.WriteAllText(temporary, Configuration(options.SocketPath));
        File.Move(temporary, path, overwrite: true);
        log.Installed(path);
        foreach (var other in Directory.EnumerateFiles(options.ConfDirectory).Select(file => Path.GetFileName(file)))
        {
            if (Path.GetExtension(other) is ".conf" or ".conflist" or ".json" && string.CompareOrdinal(other, ConfigurationName) < 0)
            {
                log.OtherConfigurationFirst(other, ConfigurationName);
            }
        }
    }

    /// <summary>Removes both, the configuration first.</summary>
    internal static void Remove(CniOptions options)
    {
        if (options.ConfDirectory.Length > 0 && Directory.Exists(options.ConfDirectory))
        {
            File.Delete(Path.Combine(options.ConfDirectory, ConfigurationName));
        }

        if (options.BinDirectory.Length > 0 && Directory.Exists(options.BinDirectory))
        {
            File.Delete(Path.Combine(options.BinDirectory, PluginName));
        }
    }

    /// <summary>The network configuration list (CNI specification 1.1.0, section 1).</summary>
    internal static string Configuration(string socketPath)
    {
        // Runtimes from before 1.1.0 know only cniVersion; later ones choose from cniVersions.
        var versions = new JsonArray();
        foreach (var version in CniVersions.Supported.AsSpan(2))
        {
            versions.Add((JsonNode)version);
        }

        var plugin = new JsonObject
        {
            ["type"] = PluginName,
            ["socket"] = socketPath,
            ["capabilities"] = new JsonObject { ["portMappings"] = true },
        };
        var list = new JsonObject
        {
            ["cniVersion"] = "1.0.0",
            ["cniVersions"] = versions,
            ["name"] = "fairlead",
            ["plugins"] = new JsonArray { (JsonNode)plugin },
        };
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            list.WriteTo(writer);
        }

        return System.Text.Encoding.UTF8.GetString(stream.ToArray()) + "\n";
    }

    private static void InstallProgram(string program, string directory)
    {
        Directory.CreateDirectory(directory);
        var path = Path.Combine(directory, PluginName);
        var temporary = $"{path}.new";
        File.Delete(temporary);

        // A program that needs the files beside it works only by a link to it; one that stands alone is copied, since the runtime may see other files
        // than the agent does. Replaced by renaming: the old one may be running.
        if (File.Exists(Path.ChangeExtension(program, ".dll")))
        {
            File.CreateSymbolicLink(temporary, program);
        }
        else
        {
            File.Copy(program, temporary);
        }

        File.Move(temporary, path, overwrite: true);
    }
}
