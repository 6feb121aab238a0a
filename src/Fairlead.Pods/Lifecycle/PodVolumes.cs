using System.Text;
using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Files;
using Fairlead.Pods.Nodes;
using Fairlead.Pods.Sandbox;
using Fairlead.Pods.Spec;

namespace Fairlead.Pods.Lifecycle;

/// <summary>Fills a pod's volumes; each is a directory of the pod's state, but for hostPath.</summary>
internal sealed class PodVolumes(PodsContext context, PodSpec pod, PodPaths paths, IReadOnlyList<string> addresses, string hostAddress)
{
    private const int DefaultMode = 0x1A4;
    private const int MostAttempts = 20;
    private const string RootCertificate = "kube-root-ca.crt";
    private const uint SetGroup = 0x400;

    // What a volume's group may do besides, as kubelet's SetVolumeOwnership: of files, read; of directories, enter and list.
    private const uint GroupRead = 0x120;
    private const uint GroupEnter = 0x168;

    // Named so by the API, and filled by us: nobody else writes them.
    private static readonly string[] Filled = ["configMap", "secret", "projected", "downwardAPI"];

    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(50);

    private readonly PodTokens _tokens = new(context, pod);

    private readonly uint? _group = (uint?)pod.Document["spec"].Object("securityContext").Number("fsGroup");

    /// <summary>Whether containers can only read the volume, whatever they ask for.</summary>
    internal static bool IsReadOnly(JsonObject volume) => Filled.Any(kind => volume.Object(kind) is not null);

    /// <summary>Makes the directories that other mounts of a container need in a volume it can only read, as kubelet does.</summary>
    internal static void MakeMountPoints(string directory, string mountPath, IEnumerable<string> others)
    {
        var start = mountPath.TrimEnd('/') + "/";
        using var tree = ConfinedTree.Open(directory);
        foreach (var inner in others.Where(other => other.StartsWith(start, StringComparison.Ordinal)).Select(other => other[start.Length..]))
        {
            // A file of the volume by this name is the mount point itself.
            if (!File.Exists(Path.Join(directory, inner)))
            {
                tree.MakeDirectory(inner).Dispose();
            }
        }
    }

    /// <summary>Renews the tokens in volumes that have been filled, before they expire.</summary>
    internal async Task RenewTokensAsync(CancellationToken cancellationToken)
    {
        foreach (var volume in pod.Document["spec"].Objects("volumes").Where(volume => Directory.Exists(paths.Volume(volume.Text("name")))))
        {
            var projected = volume.Object("projected");
            foreach (var token in projected.Objects("sources").Select(source => source.Object("serviceAccountToken")).OfType<JsonObject>())
            {
                await _tokens.WriteAsync(paths.Volume(volume.Text("name")), token, Mode(projected!, DefaultMode), cancellationToken);
            }
        }
    }

    /// <summary>The directory or file of the host that a volume is.</summary>
    /// <exception cref="ContainerConfigFailure">What it is made of is missing, or is of a kind that this cluster does not have.</exception>
    internal async Task<string> SourceAsync(JsonObject volume, CancellationToken cancellationToken)
    {
        if (volume.Object("hostPath") is { } host)
        {
            return HostPath(host.Text("path"), host.Text("type"));
        }

        var directory = paths.Volume(volume.Text("name"));
        if (!Directory.Exists(directory))
        {
            Directory.CreateDirectory(directory);
            Open(directory, IsReadOnly(volume) ? 0x1EDu | (_group is null ? 0 : GroupEnter) : 0x1FF);
        }

        var wasThere = Directory.EnumerateFileSystemEntries(directory).Any();
        try
        {
            await FillVolumeAsync(directory, volume, cancellationToken);
        }
        catch (HttpRequestException e)
        {
            // What is there since an earlier start will do while the API server is away; a container that starts again need not wait for it.
            return wasThere ? directory : throw new ContainerConfigFailure($"volume \"{volume.Text("name")}\": the API server does not answer: {e.Message}");
        }

        return directory;
    }

    /// <summary>The data of a ConfigMap or Secret; null when it is optional and missing.</summary>
    /// <exception cref="ContainerConfigFailure">It is missing.</exception>
    internal async Task<IReadOnlyDictionary<string, byte[]>?> DataAsync(
        ResourceType type, string name, bool optional, CancellationToken cancellationToken, int attempt = 0)
    {
        try
        {
            var document = await context.Api.GetAsync(type, pod.Namespace, name, cancellationToken);
            var plain = type == ResourceTypes.Secrets ? [] : document.Map("data").Select(pair => KeyValuePair.Create(pair.Key, Encoding.UTF8.GetBytes(pair.Value)));
            var coded = document.Map(type == ResourceTypes.Secrets ? "data" : "binaryData");
            return coded.Select(pair => KeyValuePair.Create(pair.Key, Convert.FromBase64String(pair.Value))).Concat(plain)
                .ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        }
        catch (KubeException e) when (e.IsNotFound && name == RootCertificate && attempt < MostAttempts)
        {
            // Every namespace gets one, but its first pod may be faster.
            await Task.Delay(Soon, context.Time, cancellationToken);
            return await DataAsync(type, name, optional, cancellationToken, attempt + 1);
        }
        catch (KubeException e) when (e.IsNotFound)
        {
            return optional ? null : throw new ContainerConfigFailure($"{type.Plural.TrimEnd('s')} \"{name}\" not found");
        }
    }

    private async Task FillVolumeAsync(string directory, JsonObject volume, CancellationToken cancellationToken)
    {
        if (volume.Object("projected") is { } projected)
        {
            foreach (var source in projected.Objects("sources"))
            {
                await (source.Object("serviceAccountToken") is { } token
                    ? _tokens.WriteAsync(directory, token, Mode(projected, DefaultMode), cancellationToken)
                    : FillAsync(directory, source, Mode(projected, DefaultMode), cancellationToken));
            }
        }
        else if (volume.Object("configMap") is not null || volume.Object("secret") is not null || volume.Object("downwardAPI") is not null)
        {
            await FillAsync(directory, volume, DefaultMode, cancellationToken);
        }
        else if (volume.Object("emptyDir") is null && volume.Count > 1)
        {
            var kind = volume.Select(pair => pair.Key).FirstOrDefault(key => key != "name");
            throw new ContainerConfigFailure($"volume \"{volume.Text("name")}\": this cluster has no volumes of kind {kind}");
        }
    }

    private static string HostPath(string path, string type)
    {
        if (type == "DirectoryOrCreate")
        {
            Directory.CreateDirectory(path);
        }
        else if (type == "FileOrCreate" && !File.Exists(path))
        {
            File.WriteAllBytes(path, []);
        }

        var there = type switch
        {
            "Directory" or "DirectoryOrCreate" => Directory.Exists(path),
            "File" or "FileOrCreate" => File.Exists(path),
            _ => Path.Exists(path),
        };
        return there ? path : throw new ContainerConfigFailure($"hostPath {path} is not there{(type.Length > 0 ? $" as {type}" : "")}");
    }

    private static int Mode(JsonObject source, int otherwise) => source.Number(otherwise, "defaultMode");

    /// <summary>Makes a new directory the group's, and what is made in it as well, when the pod has one.</summary>
    private void Open(string directory, uint mode)
    {
        if (_group is { } group)
        {
            new FileOwner(0, group).Give(directory);
        }

        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(directory, (UnixFileMode)(mode | (_group is null ? 0 : SetGroup)));
        }
    }

    private async Task FillAsync(string directory, JsonObject source, int mode, CancellationToken cancellationToken)
    {
        if (source.Object("downwardAPI") is { } fields)
        {
            foreach (var item in fields.Objects("items"))
            {
                var value = item.Object("resourceFieldRef") is { } resource ? PodResource.Of(pod, resource, "", NodeKeeper.Capacity())
                    : PodField.Of(pod, item.Object("fieldRef").Text("fieldPath"), addresses, hostAddress);
                Write(directory, item.Text("path"), Encoding.UTF8.GetBytes(value), item.Number(Mode(fields, mode), "mode"));
            }

            return;
        }

        var (type, reference) = source.Object("secret") is { } secret ? (ResourceTypes.Secrets, secret) : (ResourceTypes.ConfigMaps, source.Object("configMap"));
        if (reference is null)
        {
            throw new ContainerConfigFailure($"this cluster cannot fill a volume from {source.Select(pair => pair.Key).FirstOrDefault()}");
        }

        var name = reference.TextOr(reference.Text("name"), "secretName");
        var optional = reference.Flag("optional");
        var data = await DataAsync(type, name, optional, cancellationToken) ?? new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var items = reference.Objects("items").ToList();
        if (items.Count == 0)
        {
            foreach (var (key, value) in data)
            {
                Write(directory, key, value, Mode(reference, mode));
            }
        }

        foreach (var item in items)
        {
            if (data.TryGetValue(item.Text("key"), out var value))
            {
                Write(directory, item.Text("path"), value, item.Number(Mode(reference, mode), "mode"));
            }
            else if (!optional)
            {
                throw new ContainerConfigFailure($"{type.Plural.TrimEnd('s')} \"{name}\" has no key \"{item.Text("key")}\"");
            }
        }
    }

    private void Write(string directory, string path, byte[] value, int mode)
    {
        using var tree = ConfinedTree.Open(directory);
        tree.Write(path, value, ((uint)mode & 0x1FF) | (_group is null ? 0 : GroupRead), _group);
    }
}
