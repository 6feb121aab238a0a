using System.Buffers.Binary;
using System.IO.Compression;
using System.Runtime.InteropServices;
using Fairlead.Linux.Netlink;
using Fairlead.Nftables.Kernel;
using Fairlead.Testing;

namespace Fairlead.KernelTests.Proxy;

/// <summary>
/// What agents of former releases wrote to the kernel, byte by byte. <c>Former/COMMIT.netlink.gz</c> are all nfnetlink batches that
/// <c>NetlinkSocket.Transact</c> of that commit was given while its own <see cref="ServiceLab"/> and room saw Services <c>shop/web</c> and
/// <c>shop/sticky</c> come as <see cref="UpgradeTests"/> has them, and an endpoint of <c>web</c> come and go.
/// <list type="bullet">
/// <item><c>82ae807</c>: the first that programmed Services.</item>
/// <item><c>9003026</c>: the last that remembered clients by frontend, in <c>affinity4</c> and <c>affinity6</c>.</item>
/// <item><c>2a0febf</c>: the first that remembers them by Service port; answers of the node's own DNS were still tracked.</item>
/// </list>
/// </summary>
internal static class FormerAgent
{
    /// <summary>Commits once more, in a namespace, all that the agent of a commit did.</summary>
    public static void Replay(TestNetns node, string commit)
    {
        using var socket = node.Run(() => NetlinkSocket.Open(NetlinkProtocol.Netfilter));
        using var batch = new NetlinkWriter(64 * 1024);
        for (var rest = Read(commit).AsSpan(); rest.Length > 0;)
        {
            var message = rest[..MemoryMarshal.Read<int>(rest)];
            rest = rest[((message.Length + 3) & ~3)..];
            Copy(message, batch);
            if (MemoryMarshal.Read<ushort>(message[4..]) == Wire.NFNL_MSG_BATCH_END)
            {
                socket.Execute(batch, $"what the agent of {commit} did");
                batch.Clear();
            }
        }
    }

    private static byte[] Read(string commit)
    {
        using var file = new GZipStream(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Former", $"{commit}.netlink.gz")), CompressionMode.Decompress);
        using var all = new MemoryStream();
        file.CopyTo(all);
        return all.ToArray();
    }

    /// <summary>Flags and types as they were; only sequence numbers are the socket's.</summary>
    private static void Copy(ReadOnlySpan<byte> message, NetlinkWriter batch)
    {
        batch.Begin(MemoryMarshal.Read<ushort>(message[4..]), (NetlinkFlags)MemoryMarshal.Read<ushort>(message[6..]));
        var payload = message[16..];
        batch.Header(new NfGenMsg(payload[0], BinaryPrimitives.ReadUInt16BigEndian(payload[2..])));
        for (var attributes = payload[4..]; attributes.Length > 0;)
        {
            var length = MemoryMarshal.Read<ushort>(attributes);
            batch.Bytes(MemoryMarshal.Read<ushort>(attributes[2..]), attributes[4..length]);
            attributes = attributes[Math.Min((length + 3) & ~3, attributes.Length)..];
        }
    }
}
