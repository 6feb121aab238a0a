namespace Fairlead.Proxy.Frontends;

/// <summary>What of a Service is not served on this node.</summary>
/// <param name="Texts">One sentence each, with the address concerned and the reason.</param>
public sealed record ServiceWarningsRow(ValueArray<string> Texts);
