using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;
using Fairlead.Pods.Containers;
using Fairlead.Pods.Files;
using Fairlead.Pods.Nodes;
using Fairlead.Pods.Sandbox;
using Fairlead.Pods.Spec;

namespace Fairlead.Pods.Lifecycle;

/// <summary>Gathers what a container is started with: environment, files, volumes.</summary>
internal sealed class ContainerPlan(PodsContext context, PodSpec pod, PodPaths paths, IReadOnlyList<string> addresses, string hostAddress)
{
    /// <summary>Who executes in a stand-in that must not be root; any other container of that sort is not started.</summary>
    private const uint Nobody = 65534;

    private readonly PodVolumes _volumes = new(context, pod, paths, addresses, hostAddress);

    /// <summary>Writes the files all containers of the pod see; returns what could not be written as asked.</summary>
    internal IReadOnlyList<ResolvConfProblem> WriteFiles()
    {
        var options = context.Options;
        Directory.CreateDirectory(paths.Files);
        File.WriteAllText($"{paths.Files}/hostname", PodHostname.Kernel(pod, options.ClusterDomain) + "\n");
        File.WriteAllText($"{paths.Files}/resolv.conf", ResolvConf.For(pod, options.ClusterDns, options.ClusterDomain, options.HostResolvConf, out var problems));
        var hosts = pod.HostNetwork && File.Exists("/etc/hosts") ? File.ReadAllText("/etc/hosts") : "";
        File.WriteAllText($"{paths.Files}/hosts", HostsFile.For(pod, addresses, options.ClusterDomain, hosts));
        return problems;
    }

    /// <summary>Renews the pod's tokens that would soon expire.</summary>
    internal Task RenewTokensAsync(CancellationToken cancellationToken) => _volumes.RenewTokensAsync(cancellationToken);

    /// <exception cref="ContainerConfigFailure">Something the container refers to is missing.</exception>
    internal async Task<ContainerLaunch> LaunchAsync(ContainerSpec container, IReadOnlyList<string> command, CancellationToken cancellationToken)
    {
        var busybox = CommandLine.IsBusybox(container.Image) && context.Applets.Length > 0;
        var environment = await EnvironmentAsync(container, busybox, cancellationToken);
        return new ContainerLaunch
        {
            NetNamespace = paths.Net,
            UtsNamespace = paths.Uts,
            IpcNamespace = paths.Ipc,
            MountPoint = $"{paths.Container(container.Name)}/root",
            Command = [.. command.Select(word => Expand(word, environment))],
            Environment = [.. environment.Select(pair => $"{pair.Key}={pair.Value}")],
            WorkingDirectory = container.WorkingDirectory,
            Identity = Identification(container),
            Privileged = container.Privileged,
            ReadOnlyRoot = container.ReadOnlyRoot,
            Tty = container.Tty,
            Stdin = container.Stdin,
            Mounts = await MountsAsync(container, environment, cancellationToken),
            Masked = [context.Options.StateDirectory, .. context.Options.MaskedPaths],
            Applets = busybox ? context.Applets : "",
        };
    }

    /// <summary>Replaces <c>$(NAME)</c> by the variable's value; <c>$$</c> is a dollar sign; unknown names stay.</summary>
    internal static string Expand(string text, IReadOnlyDictionary<string, string> variables)
    {
        var result = new System.Text.StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '$' && i + 1 < text.Length && text[i + 1] == '$')
            {
                result.Append('$');
                i++;
            }
            else if (text[i] == '$' && i + 1 < text.Length && text[i + 1] == '(' && text.IndexOf(')', i) is var end and > 0
                && variables.TryGetValue(text[(i + 2)..end], out var value))
            {
                result.Append(value);
                i = end;
            }
            else
            {
                result.Append(text[i]);
            }
        }

        return result.ToString();
    }

    private Identification Identification(ContainerSpec container)
    {
        var security = container.Document.Object("securityContext");
        var capabilities = security.Object("capabilities");
        return new Identification
        {
            User = container.RunAsNonRoot && container.User == 0 ? Nobody : container.User,
            Group = container.RunAsNonRoot && container.User == 0 && container.Group == 0 ? Nobody : container.Group,
            Groups = pod.SupplementalGroups,
            Capabilities = Capabilities.For(capabilities.Texts("add"), capabilities.Texts("drop"), container.Privileged),
            NoNewPrivileges = security?["allowPrivilegeEscalation"] is not null && !security.Flag("allowPrivilegeEscalation"),
        };
    }

    private async Task<Dictionary<string, string>> EnvironmentAsync(ContainerSpec container, bool busybox, CancellationToken cancellationToken)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = busybox ? $"{Executables.AppletDirectory}:{Executables.HostPath}" : Executables.HostPath,
            ["HOSTNAME"] = PodHostname.Kernel(pod, context.Options.ClusterDomain),
            ["HOME"] = container.User == 0 ? "/root" : "/",
        };
        if (container.Tty)
        {
            environment["TERM"] = "xterm";
        }

        ServiceVariables.Add(environment, context.Services.Of("default").Where(service => service["metadata"].Text("name") == "kubernetes"));
        if (pod.EnableServiceLinks)
        {
            ServiceVariables.Add(environment, context.Services.Of(pod.Namespace));
        }

        foreach (var source in container.Document.Objects("envFrom"))
        {
            foreach (var (name, value) in await SourceAsync(source, cancellationToken))
            {
                environment[source.Text("prefix") + name] = value;
            }
        }

        foreach (var variable in container.Document.Objects("env"))
        {
            var value = variable.Object("valueFrom") is { } from ? await ValueAsync(container, from, cancellationToken) : Expand(variable.Text("value"), environment);
            if (value is not null)
            {
                environment[variable.Text("name")] = value;
            }
        }

        return environment;
    }

    private async Task<IReadOnlyDictionary<string, string>> SourceAsync(JsonObject source, CancellationToken cancellationToken)
    {
        var (type, reference) = source.Object("secretRef") is { } secret ? (ResourceTypes.Secrets, secret)
            : (ResourceTypes.ConfigMaps, source.Object("configMapRef") ?? []);
        return await DataAsync(type, reference.Text("name"), reference.Flag("optional"), cancellationToken)
            ?? new Dictionary<string, string>(StringComparer.Ordinal);
    }

    private async Task<string?> ValueAsync(ContainerSpec container, JsonObject from, CancellationToken cancellationToken)
    {
        if (from.Object("fieldRef") is { } field)
        {
            return PodField.Of(pod, field.Text("fieldPath"), addresses, hostAddress);
        }

        if (from.Object("resourceFieldRef") is { } resource)
        {
            return PodResource.Of(pod, resource, container.Name, NodeKeeper.Capacity());
        }

        var (type, reference) = from.Object("secretKeyRef") is { } secret ? (ResourceTypes.Secrets, secret)
            : (ResourceTypes.ConfigMaps, from.Object("configMapKeyRef"));
        if (reference is null)
        {
            throw new ContainerConfigFailure($"this cluster cannot set a variable from {from.Select(pair => pair.Key).FirstOrDefault()}");
        }

        var data = await DataAsync(type, reference.Text("name"), reference.Flag("optional"), cancellationToken);
        return data?.GetValueOrDefault(reference.Text("key")) ?? (reference.Flag("optional") ? null
            : throw new ContainerConfigFailure($"couldn't find key {reference.Text("key")} in {type.Kind} {pod.Namespace}/{reference.Text("name")}"));
    }

    private async Task<IReadOnlyDictionary<string, string>?> DataAsync(
        ResourceType type, string name, bool optional, CancellationToken cancellationToken) =>
        (await _volumes.DataAsync(type, name, optional, cancellationToken))?
            .ToDictionary(pair => pair.Key, pair => System.Text.Encoding.UTF8.GetString(pair.Value), StringComparer.Ordinal);

    /// <summary>What of a volume a mount shows, with the container's variables put in; empty for all of it.</summary>
    /// <exception cref="ContainerConfigFailure">A variable is not set, or the path leads out of the volume.</exception>
    internal static string SubPath(JsonObject mount, IReadOnlyDictionary<string, string> environment)
    {
        var expression = mount.Text("subPathExpr");
        var path = expression.Length > 0 ? Expand(expression, environment) : mount.Text("subPath");
        if (expression.Length > 0 && UnsetVariable(expression, environment) is { } unset)
        {
            throw new ContainerConfigFailure($"missing value for \"{unset}\" in subPathExpr \"{expression}\" of volume \"{mount.Text("name")}\"");
        }

        return !path.StartsWith('/') && !path.Split('/').Contains("..") ? path
            : throw new ContainerConfigFailure($"subPath \"{path}\" of volume \"{mount.Text("name")}\" must be relative and not contain '..'");
    }

    private static string? UnsetVariable(string text, IReadOnlyDictionary<string, string> variables)
    {
        var plain = text.Replace("$$", "", StringComparison.Ordinal);
        for (var start = plain.IndexOf("$(", StringComparison.Ordinal); start >= 0; start = plain.IndexOf("$(", start + 2, StringComparison.Ordinal))
        {
            if (plain.IndexOf(')', start) is var end and > 0 && !variables.ContainsKey(plain[(start + 2)..end]))
            {
                return plain[(start + 2)..end];
            }
        }

        return null;
    }

    private async Task<IReadOnlyList<ContainerMount>> MountsAsync(
        ContainerSpec container, IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken)
    {
        List<ContainerMount> mounts = [];
        foreach (var mount in container.Mounts)
        {
            var volume = pod.Volume(mount.Text("name")) ?? throw new ContainerConfigFailure($"volume \"{mount.Text("name")}\" is not declared");
            var source = await _volumes.SourceAsync(volume, cancellationToken);
            var filled = PodVolumes.IsReadOnly(volume);
            mounts.Add(new ContainerMount(source, mount.Text("mountPath"), filled || mount.Flag("readOnly"), SubPath(mount, environment)));
            if (filled)
            {
                PodVolumes.MakeMountPoints(source, mount.Text("mountPath"), container.Mounts.Select(other => other.Text("mountPath")));
            }
        }

        foreach (var (file, target) in (ReadOnlySpan<(string, string)>)[("resolv.conf", "/etc/resolv.conf"), ("hosts", "/etc/hosts"), ("hostname", "/etc/hostname")])
        {
            if (mounts.TrueForAll(mount => mount.Target != target))
            {
                mounts.Add(new ContainerMount($"{paths.Files}/{file}", target, false));
            }
        }

        var message = TerminationMessage.Prepare(paths, container);
        return mounts.Exists(mount => mount.Target == message.Target) ? mounts : [.. mounts, message];
    }
}

/// <summary>A container refers to something that is not there.</summary>
internal sealed class ContainerConfigFailure(string message) : Exception(message);
