using Fairlead.Linux.Conntrack;
using Fairlead.Linux.Netlink;
using Fairlead.Linux.Nflog;
using Fairlead.Linux.Packets;
using Fairlead.Linux.Route;
using Fairlead.Nftables.Kernel;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Transactions;
using Fairlead.Testing.Nftables;

namespace Fairlead.Fuzz;

/// <summary>What the kernel, or whoever speaks in its name, sends.</summary>
internal static class NetlinkTargets
{
    private static readonly Transaction Every = EveryStatement.Make();
    private static readonly Dictionary<string, Container> Containers =
        Every.Operations.Select(operation => operation.Object).OfType<Container>().ToDictionary(container => container.Name);

    public static IEnumerable<FuzzTarget> All { get; } =
    [
        new("netlink", Route) { Declared = e => e is InvalidDataException },
        new("nflog", Logged) { Declared = e => e is InvalidDataException },
        new("ip-headers", Headers),
        new("nftables", Nftables) { Declared = e => e is InvalidDataException, Seeds = Messages },
    ];

    private static string Route(byte[] datagram)
    {
        var outcome = "";
        foreach (var message in new NetlinkReader(datagram))
        {
            var link = RouteSocket.ParseLink(message);
            var address = RouteSocket.ParseAddress(message);
            var route = RouteSocket.ParseRoute(message);
            var neighbour = RouteSocket.ParseNeighbour(message);
            var flow = ConntrackParser.Parse(message);
            outcome += $"{link is null}{address is null}{route is null}{neighbour is null}{flow is null}";
        }

        return outcome;
    }

    private static string Logged(byte[] datagram)
    {
        var outcome = "";
        foreach (var packet in new NflogReader(datagram))
        {
            outcome += $"{packet.Prefix.Length} {packet.HasConnection} {Headers(packet.Packet.ToArray())}";
        }

        return outcome;
    }

    private static string Headers(byte[] packet) => IpHeaders.TryRead(packet, out var headers)
        ? $"{headers.Source.Family} {headers.Protocol} {headers.HasPorts} {headers.IsLaterFragment} {headers.IcmpType >= 0}"
        : "";

    private static string Nftables(byte[] datagram)
    {
        var outcome = "";
        foreach (var message in new NetlinkReader(datagram))
        {
            outcome += $"{message.Type}";
            switch (message.Type & 0xff)
            {
                case Wire.NFT_MSG_NEWCHAIN:
                    outcome += TableReader.ReadChain(message, EveryStatement.Own.Name)?.Base?.Hook;
                    break;
                case Wire.NFT_MSG_NEWRULE:
                    outcome += TableReader.ReadRule(message, EveryStatement.Own.Name, name => Containers.GetValueOrDefault(name))?.Statements.Count;
                    break;
                case Wire.NFT_MSG_NEWSET:
                    outcome += ContainerReader.Read(message, EveryStatement.Own.Name)?.Container.Flags;
                    break;
                case Wire.NFT_MSG_NEWSETELEM:
                    foreach (var container in Containers.Values)
                    {
                        outcome += ElementReader.Join([ElementReader.Read(message, container)], container, null)?.Count;
                    }

                    break;
            }
        }

        return outcome;
    }

    private static IEnumerable<byte[]> Messages()
    {
        using var writer = new NetlinkWriter();
        BatchWriter.Write(writer, Every);
        var batch = writer.Written.ToArray();
        for (var at = 0; at < batch.Length;)
        {
            var length = BitConverter.ToInt32(batch, at);
            yield return batch[at..(at + length)];
            at += (length + 3) & ~3;
        }
    }
}
