using System.Collections;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Processes;
using Fairlead.Linux.Syscalls;
using Fairlead.Pods.Spec;

namespace Fairlead.Pods.Sandbox;

/// <summary>Plugs pods by executing the node's CNI plugins, as containerd does (CNI 1.1.0, section 2).</summary>
internal sealed class CniRuntime(Reactor reactor, TimeProvider time)
{
    private const string Interface = "eth0";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The conflist that is in force on a node; empty while there is none.</summary>
    internal static string Conflist(PodsNode node) =>
        Directory.Exists(node.CniConfDirectory)
            ? Directory.EnumerateFiles(node.CniConfDirectory)
                .Where(file => Path.GetExtension(file) is ".conflist" or ".conf" or ".json")
                .Order(StringComparer.Ordinal).FirstOrDefault() ?? ""
            : "";

    /// <summary>ADD with every plugin of the list; returns the pod's addresses.</summary>
    /// <exception cref="CniFailure">No conflist, or a plugin refused.</exception>
    internal async Task<IReadOnlyList<string>> AddAsync(PodsNode node, PodSpec pod, string netns, CancellationToken cancellationToken)
    {
        var list = Load(node) ?? throw new CniFailure($"no CNI conflist in {node.CniConfDirectory} yet: the node's agent has not written it");
        JsonObject? result = null;
        foreach (var plugin in list.Objects("plugins"))
        {
            result = await ExecuteAsync(node, pod, "ADD", netns, Configuration(list, plugin, pod, result), cancellationToken);
        }

        List<string> addresses = [.. (result?.Objects("ips") ?? []).Select(ip => ip.Text("address").Split('/')[0]).Where(address => address.Length > 0)];
        return addresses.Count > 0 ? addresses : throw new CniFailure("the CNI plugin gave the pod no address");
    }

    /// <summary>DEL with every plugin of the list, last first.</summary>
    /// <exception cref="CniFailure">A plugin refused.</exception>
    internal async Task DeleteAsync(PodsNode node, PodSpec pod, string netns, CancellationToken cancellationToken)
    {
        if (Load(node) is { } list)
        {
            foreach (var plugin in list.Objects("plugins").Reverse())
            {
                await ExecuteAsync(node, pod, "DEL", netns, Configuration(list, plugin, pod, null), cancellationToken);
            }
        }
    }

    private static JsonObject? Load(PodsNode node)
    {
        var file = Conflist(node);
        if (file.Length == 0)
        {
            return null;
        }

        var document = JsonNode.Parse(File.ReadAllText(file)) as JsonObject ?? throw new CniFailure($"{file}: not a JSON object");
        return document["plugins"] is JsonArray ? document
            : new JsonObject { ["cniVersion"] = document.Text("cniVersion"), ["name"] = document.Text("name"), ["plugins"] = new JsonArray(document) };
    }

    private static JsonObject Configuration(JsonObject list, JsonObject plugin, PodSpec pod, JsonObject? previous)
    {
        var configuration = (JsonObject)plugin.DeepClone();
        configuration["cniVersion"] = list.Text("cniVersion");
        configuration["name"] = list.Text("name");
        if (previous is not null)
        {
            configuration["prevResult"] = previous.DeepClone();
        }

        if (plugin.Object("capabilities").Flag("portMappings") && PortMappings(pod) is { Count: > 0 } mappings)
        {
            configuration["runtimeConfig"] = new JsonObject { ["portMappings"] = mappings };
        }

        return configuration;
    }

    private static JsonArray PortMappings(PodSpec pod)
    {
        var mappings = new JsonArray();
        foreach (var port in pod.Containers.SelectMany(container => container.Ports).Where(port => port.HostPort > 0))
        {
            mappings.Add((JsonNode)new JsonObject
            {
                ["hostPort"] = port.HostPort,
                ["containerPort"] = port.Port,
                ["protocol"] = port.Protocol.ToLowerInvariant(),
                ["hostIP"] = port.HostIP,
            });
        }

        return mappings;
    }

    private static List<string> Environment(PodsNode node, PodSpec pod, string command, string netns)
    {
        var id = ContainerId(pod);
        List<string> environment =
        [
            $"CNI_COMMAND={command}",
            $"CNI_CONTAINERID={id}",
            $"CNI_NETNS={netns}",
            $"CNI_IFNAME={Interface}",
            $"CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE={pod.Namespace};K8S_POD_NAME={pod.Name};K8S_POD_INFRA_CONTAINER_ID={id};K8S_POD_UID={pod.Uid}",
            $"CNI_PATH={node.CniBinDirectory}",
        ];
        foreach (DictionaryEntry variable in System.Environment.GetEnvironmentVariables())
        {
            if (variable is { Key: string name, Value: string value } && !name.StartsWith("CNI_", StringComparison.Ordinal))
            {
                environment.Add($"{name}={value}");
            }
        }

        return environment;
    }

    private static string ContainerId(PodSpec pod) => pod.Uid.Replace("-", "", StringComparison.Ordinal);

    private async Task<JsonObject?> ExecuteAsync(
        PodsNode node, PodSpec pod, string command, string netns, JsonObject configuration, CancellationToken cancellationToken)
    {
        var type = configuration.Text("type");
        var file = $"{node.CniBinDirectory}/{type}";
        if (type.Length == 0 || type.Contains('/', StringComparison.Ordinal) || !File.Exists(file))
        {
            throw new CniFailure($"CNI plugin \"{type}\" is not in {node.CniBinDirectory}");
        }

        using var timeout = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var (code, output, error) = await RunAsync(node, file, Environment(node, pod, command, netns), configuration.ToJsonString(), either.Token);
        if (code != 0)
        {
            throw new CniFailure($"CNI plugin {type} {command}: {Reason(output, error, code)}");
        }

        return output.Length == 0 ? null : JsonNode.Parse(output) as JsonObject;
    }

    private static string Reason(string output, string error, int code)
    {
        try
        {
            var document = output.Length > 0 ? JsonNode.Parse(output) : null;
            var message = $"{document.Text("msg")} {document.Text("details")}".Trim();
            return message.Length > 0 ? message : $"exit code {code}: {error.Trim()}";
        }
        catch (JsonException)
        {
            return $"exit code {code}: {error.Trim()} {output.Trim()}";
        }
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(
        PodsNode node, string file, IReadOnlyList<string> environment, string input, CancellationToken cancellationToken)
    {
        using var stdin = Pipe.Open();
        using var stdout = Pipe.Open();
        using var stderr = Pipe.Open();
        var options = new SpawnOptions { FileName = file, Arguments = [file], Environment = environment, WorkingDirectory = "/" }
            .Pass(stdin.Reader, 0).Pass(stdout.Writer, 1).Pass(stderr.Writer, 2);
        using var prepared = new PreparedProcess(options);
        using var netns = NetNamespace.Open(node.NetworkNamespace);
        using var child = netns.Run(prepared.Start);
        prepared.Dispose();
        stdin.Reader.Dispose();
        stdout.Writer.Dispose();
        stderr.Writer.Dispose();
        try
        {
            var output = ReadAsync(stdout.Reader.Duplicate(), cancellationToken);
            var error = ReadAsync(stderr.Reader.Duplicate(), cancellationToken);
            await using (var writer = new DescriptorStream(reactor, stdin.Writer.Duplicate(), FileAccess.Write))
            {
                stdin.Writer.Dispose();
                await writer.WriteAsync(Encoding.UTF8.GetBytes(input), cancellationToken);
            }

            var status = await child.WaitAsync(reactor, cancellationToken);
            return (status.ShellCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            child.Signal(Signals.Kill);
            throw;
        }
    }

    private async Task<string> ReadAsync(SafeFd descriptor, CancellationToken cancellationToken)
    {
        await using var stream = new DescriptorStream(reactor, descriptor, FileAccess.Read);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(cancellationToken);
    }
}

/// <summary>A pod could not be plugged or unplugged.</summary>
internal sealed class CniFailure(string message) : Exception(message);

/// <summary>Signal numbers (<c>signal(7)</c>).</summary>
internal static class Signals
{
    internal const int HangUp = 1;
    internal const int Kill = 9;
    internal const int Terminate = 15;
}
