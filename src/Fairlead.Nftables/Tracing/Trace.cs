using Fairlead.Nftables.Expressions;

namespace Fairlead.Nftables.Tracing;

/// <summary>What became of a packet.</summary>
public enum TraceVerdict
{
    /// <summary>Delivered to a local process, or sent on.</summary>
    Accepted,

    /// <summary>Gone without an answer.</summary>
    Dropped,

    /// <summary>Refused with an answer.</summary>
    Rejected,
}

/// <summary>The way of one packet.</summary>
/// <param name="Verdict">What became of it.</param>
/// <param name="Packet">The packet at the end: addresses and ports as translated, mark as set.</param>
/// <param name="Masqueraded">Its source was translated to the address of the interface it left by.</param>
/// <param name="Refusal">How it was refused; null unless rejected.</param>
/// <param name="Steps">The rules whose statements all held, and the policies that applied, in order: <c>table chain: rule</c>.</param>
public sealed record Trace(TraceVerdict Verdict, Packet Packet, bool Masqueraded, RejectKind? Refusal, IReadOnlyList<string> Steps)
{
    /// <summary>The verdict, and where the packet went: <c>accepted 10.0.0.5:8080 masqueraded</c>; whether it is not tracked.</summary>
    public override string ToString()
    {
        var address = Packet.Destination.IsV4 ? Packet.Destination.ToString() : $"[{Packet.Destination}]";
        return Verdict == TraceVerdict.Accepted
            ? $"accepted {address}:{Packet.DestinationPort}{(Masqueraded ? " masqueraded" : "")}{(Packet.State == CtState.Untracked ? " untracked" : "")}"
            : Verdict.ToString().ToLowerInvariant();
    }
}
