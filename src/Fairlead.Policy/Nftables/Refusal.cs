using System.Diagnostics;
using System.Text;
using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Objects;
using Fairlead.Policy.Drops;

namespace Fairlead.Policy.Nftables;

/// <summary>Why table <c>fairlead-policy</c> refuses a packet.</summary>
internal enum RefusalKind
{
    /// <summary>A policy denies it, or a pod is isolated and none of its policies allows it.</summary>
    Policy,

    /// <summary>An address of the node's pod range that no pod is known to have.</summary>
    Nobody,

    /// <summary>TCP in the middle of a connection that the kernel does not know, or no longer, at an isolated pod.</summary>
    Midway,
}

/// <summary>
/// One way to be refused: the constant chain that every refusal of its kind and direction ends in. It counts each packet, tells of some, and drops all.
/// </summary>
/// <param name="Kind">Why.</param>
/// <param name="Ingress">At the destination, whose side refuses; otherwise at the source.</param>
internal readonly record struct Refusal(RefusalKind Kind, bool Ingress)
{
    private static readonly string[] Names = ["refused-out", "refused-in", "nobody-out", "nobody-in", "midway-out", "midway-in"];

    /// <summary>The netlink log group the packets are told to.</summary>
    public const ushort LogGroup = 61869;

    /// <summary>Packets a second that are told of, per chain: what a flood costs is bounded, what a person causes is seen whole.</summary>
    private static readonly Limit Told = new(100, 200);

    /// <summary>Every way there is.</summary>
    public static IReadOnlyList<Refusal> All { get; } =
        [.. Enum.GetValues<RefusalKind>().SelectMany(kind => new[] { new Refusal(kind, false), new Refusal(kind, true) })];

    /// <summary>The chains, in an order in which each stands after those it leads to.</summary>
    public static IEnumerable<Chain> Chains => All.SelectMany(refusal => new[] { new Chain(refusal.LogChain), new Chain(refusal.Chain) });

    /// <summary>The chain to go to.</summary>
    public string Chain => Names[((int)Kind * 2) + (Ingress ? 1 : 0)];

    /// <summary>
    /// The chain with the log statement alone. It changes with every generation; as it has no verdict, the kernel need not go through the table anew.
    /// </summary>
    public string LogChain => $"log-{Chain}";

    /// <summary><c>in</c> or <c>out</c>.</summary>
    public string Way => Ingress ? "in" : "out";

    /// <summary>As metrics have it.</summary>
    public string Reason => Kind switch
    {
        RefusalKind.Policy => "policy",
        RefusalKind.Nobody => "no-pod",
        RefusalKind.Midway => "midway",
        _ => throw new UnreachableException(),
    };

    /// <summary>Where every program ends.</summary>
    public static Refusal ByPolicy(bool ingress) => new(RefusalKind.Policy, ingress);

    /// <summary>The refusal of a chain's name; false when it is none.</summary>
    public static bool TryParse(ReadOnlySpan<byte> chain, out Refusal refusal)
    {
        foreach (var one in All)
        {
            if (Ascii.Equals(chain, one.Chain))
            {
                refusal = one;
                return true;
            }
        }

        refusal = default;
        return false;
    }

    /// <summary>The one rule of <see cref="LogChain"/>: tells of the packet, in the name of what is in force.</summary>
    public Rule LogRule(Generation generation) => new(LogChain, [new Log($"{Chain} {generation}", LogGroup)]);

    /// <summary>The rules of the constant chains, but for those of <see cref="LogChain"/>: whoever commits writes them.</summary>
    public static IEnumerable<Rule> Rules()
    {
        foreach (var refusal in All)
        {
            yield return new Rule(refusal.Chain, [Told, Verdict.Jump(refusal.LogChain)]);
            yield return new Rule(refusal.Chain, [new Counter(), Verdict.Drop]);
        }
    }
}
