using Fairlead.Cni.Plugin;
using Fairlead.Kube.Kubeconfig;
using Fairlead.Pods.StandIns;
using Fairlead.Pods.Streaming;
using Fairlead.Pods.Streaming.PortForward;

namespace Fairlead.Fuzz;

/// <summary>Configurations, and what clients send to pods.</summary>
internal static class ConfigTargets
{
    private static readonly KubeconfigEntry Entry = new("fairlead", "https://127.0.0.1:6443", "authority", "certificate", "key");

    public static IEnumerable<FuzzTarget> All { get; } =
    [
        new("cni-config", Cni)
        {
            Declared = e => e is CniException,
            Words = ["\"cniVersion\"", "\"1.1.0\"", "\"socket\"", "\"command\"", "\"ADD\"", "\"containerId\"", "\"netns\"", "\"ifname\"", "\"config\"", "\"prevResult\"", "\"runtimeConfig\""],
            AllocationPerByte = 4096,
        },
        new("kubeconfig", Kubeconfig)
        {
            Declared = e => e is FormatException or IOException,
            Words = ["clusters", "contexts", "users", "current-context", "server", "name", "certificate-authority-data", "client-certificate-data", "client-key-data", "token"],
            AllocationPerByte = 8192,
        },
        new("exec-channel", Channel) { Declared = e => e is InvalidDataException, Words = ["{\"Width\":80,\"Height\":24}", "\u0004", "\u00ff"], MostBytes = 4096 },
        new("spdy", Spdy) { Declared = e => e is InvalidDataException or EndOfStreamException, Words = ["\u0080\u0003\0\u0001", "\u0080\u0003\0\u0008"], MostBytes = 4096 },
        new("http-head", bytes => HttpRequestHead.Parse(bytes) is { Close: true })
        {
            Declared = e => e is FormatException,
            Words = ["GET ", "HTTP/1.1", "\r\n", "\r\n\r\n", "Content-Length: ", "Connection: close", "Transfer-Encoding: chunked"],
        },
    ];

    private static object Cni(byte[] bytes)
    {
        var environment = new Dictionary<string, string> { ["CNI_COMMAND"] = "ADD", ["CNI_CONTAINERID"] = "c", ["CNI_NETNS"] = "/n", ["CNI_IFNAME"] = "eth0" };
        var whole = bytes.AsSpan().IndexOf("\"command\""u8) >= 0;
        var request = whole ? CniRequest.FromBytes(bytes) : CniRequest.Parse(name => environment.GetValueOrDefault(name), bytes);
        return (request.Command, request.Version.Length == 0, request.Socket.Length == 0, request.Arg("K8S_POD_NAME").Length, CniRequest.FromBytes(request.ToBytes()) == request);
    }

    private static object Kubeconfig(byte[] bytes)
    {
        var text = Text.Of(bytes);
        var current = KubeconfigText.CurrentContext(text);
        var merged = KubeconfigText.Merge(text, Entry, makeCurrent: true);
        var removed = KubeconfigText.Remove(merged, Entry.Name, current);
        if (KubeconfigText.CurrentContext(merged) != Entry.Name || KubeconfigText.CurrentContext(removed) != current)
        {
            throw new InvalidOperationException($"merged to:\n{merged}\nremoved to:\n{removed}");
        }

        return (current.Length == 0, KubeconfigReader.Parse(text, "/nowhere").Certificate is null);
    }

    private static string Spdy(byte[] bytes)
    {
        using var transport = new Duplex(bytes);
        var outcome = new HashSet<string>();
        using var session = new SpdySession(transport, stream =>
        {
            outcome.UnionWith(stream.Headers.Keys);
            stream.Input.Complete();
            return stream.Headers.Count > 0;
        });
        session.RunAsync(CancellationToken.None).GetAwaiter().GetResult();
        return string.Concat(outcome.Order(StringComparer.Ordinal));
    }

    // The first byte says where the message is cut into pieces.
    private static string Channel(byte[] bytes)
    {
        var messages = new ChannelMessages(ChannelProtocol.Version5);
        var outcome = new HashSet<ClientMessageKind>();
        var size = bytes.Length == 0 ? 1 : 1 + bytes[0];
        for (var at = 1; at < bytes.Length; at += size)
        {
            var end = Math.Min(bytes.Length, at + size);
            outcome.Add(messages.Take(bytes.AsMemory(at, end - at), end == bytes.Length).Kind);
        }

        return string.Concat(outcome);
    }

    /// <summary>Input to read; what is written goes nowhere.</summary>
    private sealed class Duplex(byte[] input) : MemoryStream(input)
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
    }
}
