using Fairlead.Nftables.Expressions;

namespace Fairlead.Nftables.Kernel;

/// <summary>
/// One instruction of the kernel's register machine: what a rule is sent and listed as. Registers are numbered by 4-byte words, 0 to 15
/// (<c>NFT_REG32_00</c> to <c>15</c>); a value of n bytes takes the words from its first on.
/// </summary>
internal abstract record Instruction;

internal sealed record LoadPayload(int To, PayloadBase Base, uint Offset, uint Length) : Instruction;

/// <summary>Writes an address of the network header; the family says which checksums it is part of.</summary>
internal sealed record StoreAddress(int From, uint Offset, IpFamily Family) : Instruction;

internal sealed record LoadMeta(int To, MetaKey Key) : Instruction;

internal sealed record StoreMeta(int From, MetaKey Key) : Instruction;

internal sealed record LoadCt(int To, CtKey Key) : Instruction;

internal sealed record StoreCtMark(int From) : Instruction;

internal sealed record LoadFib(int To, FibQuestion Question) : Instruction;

internal sealed record LoadNumgen(int To, uint Modulus) : Instruction;

internal sealed record Immediate(int To, Datum Value) : Instruction;

internal sealed record Decide(Verdict Verdict) : Instruction;

/// <summary>In place: value = (value &amp; Mask) ^ Xor.</summary>
internal sealed record Bitwise(int Register, Datum Mask, Datum Xor) : Instruction;

internal sealed record Compare(int From, bool Not, Datum Value) : Instruction;

internal sealed record CompareRange(int From, bool Not, Datum First, Datum Last) : Instruction;

/// <summary>Is the key there (or not)? <see cref="LookupValue"/> and <see cref="LookupVerdict"/> take the element's value.</summary>
internal sealed record LookupKey(string Container, int Key, bool Not) : Instruction;

internal sealed record LookupValue(string Container, int Key, int To) : Instruction;

internal sealed record LookupVerdict(string Container, int Key) : Instruction;

internal sealed record UpdateElement(string Container, UpdateOp Op, int Key, int? Value, TimeSpan? Timeout) : Instruction;

internal sealed record Translate(bool Destination, IpFamily Family, int Address, int? Port) : Instruction;

internal sealed record MasqueradeSource(PortChoice Ports) : Instruction;

internal sealed record RedirectHere(int? Port) : Instruction;

internal sealed record Refuse(RejectKind Kind) : Instruction;

internal sealed record Count : Instruction;

internal sealed record SkipTracking : Instruction;

/// <summary>Packets a second, and how many at once.</summary>
internal sealed record LimitPackets(uint Rate, uint Burst) : Instruction;

internal sealed record LogPacket(string Prefix, ushort Group) : Instruction;
