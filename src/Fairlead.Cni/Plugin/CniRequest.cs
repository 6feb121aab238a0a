using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.Kube.Schema;

namespace Fairlead.Cni.Plugin;

/// <summary>One call of the plugin: the environment and the configuration. Travels as one JSON object from plugin to agent.</summary>
internal sealed record CniRequest
{
    internal const int MaxBytes = 1024 * 1024;
    private const int MaxInterfaceName = 15;
    private const int MaxContainerId = 256;

    internal required string Command { get; init; }

    internal string ContainerId { get; init; } = "";

    internal string Netns { get; init; } = "";

    internal string IfName { get; init; } = "";

    /// <summary>CNI_ARGS: <c>K=V;K=V</c>.</summary>
    internal string Args { get; init; } = "";

    internal required JsonObject Config { get; init; }

    /// <summary>The configuration's cniVersion; 0.1.0 when it has none, as the specification says.</summary>
    internal string Version => Text(Config, "cniVersion") is { Length: > 0 } version ? version : "0.1.0";

    /// <summary>Path of the agent's socket in the configuration; empty when it has none.</summary>
    internal string Socket => Text(Config, "socket");

    /// <summary>Reads environment and configuration, and checks what the command needs.</summary>
    /// <exception cref="CniException">Codes 1, 4, 6 and 7.</exception>
    internal static CniRequest Parse(Func<string, string?> environment, ReadOnlyMemory<byte> input)
    {
        var request = new CniRequest
        {
            Command = environment("CNI_COMMAND") ?? "",
            ContainerId = environment("CNI_CONTAINERID") ?? "",
            Netns = environment("CNI_NETNS") ?? "",
            IfName = environment("CNI_IFNAME") ?? "",
            Args = environment("CNI_ARGS") ?? "",
            Config = ParseObject(input, "the configuration on standard input"),
        };
        request.Check();
        return request;
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote, and checks it again: anybody with access to the socket may write there.</summary>
    /// <exception cref="CniException">Codes 1, 4, 6 and 7.</exception>
    internal static CniRequest FromBytes(ReadOnlyMemory<byte> bytes)
    {
        var json = ParseObject(bytes, "the request");
        var request = new CniRequest
        {
            Command = Text(json, "command"),
            ContainerId = Text(json, "containerId"),
            Netns = Text(json, "netns"),
            IfName = Text(json, "ifname"),
            Args = Text(json, "args"),
            Config = json["config"] is JsonObject config ? config : [],
        };
        request.Check();
        return request;
    }

    internal byte[] ToBytes() => JsonBytes(new JsonObject
    {
        ["command"] = Command,
        ["containerId"] = ContainerId,
        ["netns"] = Netns,
        ["ifname"] = IfName,
        ["args"] = Args,
        ["config"] = Config.DeepClone(),
    });

    /// <summary>One value of CNI_ARGS; empty when missing.</summary>
    internal string Arg(string name)
    {
        foreach (var pair in Args.Split(';'))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && pair.AsSpan(0, equals).SequenceEqual(name))
            {
                return pair[(equals + 1)..];
            }
        }

        return "";
    }

    internal static byte[] JsonBytes(JsonObject json)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            json.WriteTo(writer);
        }

        return stream.ToArray();
    }

    internal static string Text(JsonObject json, string name) =>
        json[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : "";

    private static JsonObject ParseObject(ReadOnlyMemory<byte> bytes, string what)
    {
        try
        {
            var json = StrictJson.Parse(bytes.Span, out var doubled);
            return doubled is [var field, ..]
                ? throw new CniException(CniErrorCode.DecodingFailure, $"{what} has the field {field} twice")
                : json as JsonObject ?? throw new CniException(CniErrorCode.DecodingFailure, $"{what} is not a JSON object");
        }
        catch (JsonException e)
        {
            throw new CniException(CniErrorCode.DecodingFailure, $"{what} is not JSON", e.Message);
        }
    }

    private void Check()
    {
        var (container, netns) = Command switch
        {
            "ADD" or "CHECK" => (true, true),
            "DEL" => (true, false),
            "STATUS" or "GC" or "VERSION" => (false, false),
            "" => throw Invalid("CNI_COMMAND is not set: this is a CNI plugin, run by a container runtime"),
            _ => throw Invalid($"CNI_COMMAND is {Command}: not ADD, DEL, CHECK, STATUS, GC or VERSION"),
        };
        if (Command != "VERSION" && Array.IndexOf(CniVersions.Supported, Version) < 0)
        {
            throw new CniException(
                CniErrorCode.IncompatibleVersion,
                "incompatible CNI versions",
                $"the configuration is {Version}, the plugin supports {string.Join(", ", CniVersions.Supported)}");
        }

        if (container)
        {
            CheckContainer();
        }

        if (netns && Netns.Length == 0)
        {
            throw Invalid("CNI_NETNS is not set");
        }
    }

    private void CheckContainer()
    {
        if (ContainerId.Length is 0 or > MaxContainerId || !char.IsAsciiLetterOrDigit(ContainerId[0]) || !ContainerId.All(IsIdCharacter))
        {
            throw Invalid($"CNI_CONTAINERID '{ContainerId}': must be letters, digits, '_', '.' and '-', starting with a letter or digit");
        }

        if (IfName.Length is 0 or > MaxInterfaceName || IfName is "." or ".." || IfName.Any(c => c is '/' or ':' or <= ' ' or > '~'))
        {
            throw Invalid($"CNI_IFNAME '{IfName}': must be 1 to {MaxInterfaceName} characters without '/', ':' or space");
        }
    }

    private static bool IsIdCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-';

    private static CniException Invalid(string message) => new(CniErrorCode.InvalidEnvironment, message);
}
