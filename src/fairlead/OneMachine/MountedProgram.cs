using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Files;

namespace Fairlead.OneMachine;

/// <summary>
/// This very program in a pod: mounted at a fixed place, for where it is on the machine (a home, perhaps) is hidden from pods. The release binary is one
/// file; the other build is a folder, and needs the folder of its runtime.
/// </summary>
/// <param name="Path">The program on the machine.</param>
/// <param name="Runtime">The folder of the .NET runtime that it needs; empty: it needs none.</param>
/// <param name="Owner">Who runs it: nobody in particular, or the program's owner where nobody else may read it.</param>
internal sealed record MountedProgram(string Path, string Runtime, FileOwner Owner)
{
    /// <summary>The folder that it is mounted in.</summary>
    public const string Place = "/opt/fairlead";

    private const string RuntimePlace = "/opt/dotnet";

    // As distroless images have it for who is not root; no file is this user's.
    private const uint NonRoot = 65532;

    private const UnixFileMode ForOthers = UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>The program that runs this.</summary>
    public static MountedProgram OfThisProcess()
    {
        var path = Environment.ProcessPath!;

        // The runtime itself is shared/Microsoft.NETCore.App/VERSION below where the host looks. (What RuntimeFeature says is the same in both builds.)
        var runtime = File.Exists($"{path}.dll") ? System.IO.Path.GetFullPath(System.IO.Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..")) : "";
        string[] read = runtime.Length > 0 ? [path, System.IO.Path.GetDirectoryName(path)!, runtime] : [path];
        var isOpen = !OperatingSystem.IsWindows() && read.All(file => (File.GetUnixFileMode(file) & ForOthers) == ForOthers);
        return new MountedProgram(path, runtime, isOpen ? new FileOwner(NonRoot, NonRoot) : FileOwner.Of(path));
    }

    /// <summary>Has the only container of a pod template run it.</summary>
    public void PutInto(JsonObject podSpec)
    {
        var container = podSpec.Objects("containers").First();
        container["command"] = new JsonArray($"{Place}/{System.IO.Path.GetFileName(Path)}");
        var (volumes, mounts) = (new JsonArray(), new JsonArray());
        if (Runtime.Length == 0)
        {
            Mount("program", Path, "File", $"{Place}/{System.IO.Path.GetFileName(Path)}");
        }
        else
        {
            Mount("program", System.IO.Path.GetDirectoryName(Path)!, "Directory", Place);
            Mount("runtime", Runtime, "Directory", RuntimePlace);

            // Its root is read-only, and it has no folder for debuggers' sockets.
            ((JsonArray)container["env"]!).Add((JsonNode)Variable("DOTNET_ROOT", RuntimePlace));
            ((JsonArray)container["env"]!).Add((JsonNode)Variable("DOTNET_EnableDiagnostics", "0"));
        }

        (podSpec["volumes"], container["volumeMounts"]) = (volumes, mounts);
        var security = container.Object("securityContext")!;
        (security["runAsUser"], security["runAsGroup"], security["runAsNonRoot"]) = ((long)Owner.User, (long)Owner.Group, Owner.User != 0);

        void Mount(string name, string source, string type, string target)
        {
            volumes.Add((JsonNode)new JsonObject { ["name"] = name, ["hostPath"] = new JsonObject { ["path"] = source, ["type"] = type } });
            mounts.Add((JsonNode)new JsonObject { ["name"] = name, ["mountPath"] = target, ["readOnly"] = true });
        }
    }

    private static JsonObject Variable(string name, string value) => new() { ["name"] = name, ["value"] = value };
}
