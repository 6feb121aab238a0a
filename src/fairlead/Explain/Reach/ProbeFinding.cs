namespace Fairlead.Explain.Reach;

/// <summary>What a real packet met, beside what was explained.</summary>
/// <param name="Agrees">It met what was explained; null: it proves nothing (a datagram that nobody answers, a protocol that cannot be sent).</param>
/// <param name="Words">What it met.</param>
internal sealed record ProbeFinding(bool? Agrees, string Words);
