using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Forward;

/// <summary>What is asked upstream. <paramref name="Name"/> in wire form, in the client's case; <paramref name="Flags"/> RD and CD.</summary>
internal sealed record ForwardQuestion(byte[] Name, RecordType Type, ushort Flags, bool DnssecOk);

/// <summary>
/// An upstream's reply without its OPT record; or, when <paramref name="Packet"/> is null, the code that says why there is none. <paramref name="Kept"/>: it
/// was in the cache.
/// </summary>
internal readonly record struct ForwardResult(byte[]? Packet, ResponseCode Code, bool Kept = false);
