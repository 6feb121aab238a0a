using Fairlead.Linux.Addresses;
using Fairlead.Linux.Nflog;
using Fairlead.Linux.Packets;
using Fairlead.Policy.Nftables;

namespace Fairlead.Policy.Drops;

/// <summary>What the kernel told of one packet.</summary>
/// <param name="Refusal">Which chain dropped it.</param>
/// <param name="Generation">What was in force.</param>
/// <param name="Headers">The packet.</param>
/// <param name="AskedFor">The destination address before translation; none when the kernel did not say.</param>
/// <param name="AskedPort">The destination port before translation.</param>
internal readonly record struct DroppedPacket(Refusal Refusal, Generation Generation, IpHeaders Headers, IpAddr AskedFor, ushort AskedPort)
{
    /// <summary>Reads a message of the log group; false when it is none of ours, or no IP packet.</summary>
    public static bool TryRead(in NflogMessage message, out DroppedPacket packet)
    {
        packet = default;
        var space = message.Prefix.IndexOf((byte)' ');
        if (space < 0 || !Refusal.TryParse(message.Prefix[..space], out var refusal) || !Generation.TryParse(message.Prefix[(space + 1)..], out var generation)
            || !IpHeaders.TryRead(message.Packet, out var headers))
        {
            return false;
        }

        var (asked, port) = message.HasConnection && message.Original.Source == headers.Source
            ? (message.Original.Destination, message.Original.DestinationPort)
            : default;
        packet = new DroppedPacket(refusal, generation, headers, asked, headers.HasPorts ? port : (ushort)0);
        return true;
    }

    /// <summary>Packets of one connection that are dropped for one reason are summed.</summary>
    public DropFlow Flow => new(Refusal, Headers.Source, Headers.Destination, Headers.Protocol, Headers.SourcePort, Headers.DestinationPort);
}

/// <summary>Equal for packets of one connection that are dropped for one reason.</summary>
internal readonly record struct DropFlow(Refusal Refusal, IpAddr From, IpAddr To, IpProtocol Protocol, ushort FromPort, ushort ToPort);
