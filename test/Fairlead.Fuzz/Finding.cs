namespace Fairlead.Fuzz;

/// <summary>An input on which a reader broke its word.</summary>
/// <param name="Target">The reader.</param>
/// <param name="Input">The input.</param>
/// <param name="Problem">What it did.</param>
public sealed record Finding(string Target, byte[] Input, string Problem);
