namespace Fairlead.Explain.Http;

/// <summary>What a real request met.</summary>
/// <param name="Address">Where it was sent, <c>172.30.255.254:80</c>.</param>
/// <param name="Code">The answer's status; 0: there was none.</param>
/// <param name="Location">Where it redirects to; empty: nowhere.</param>
/// <param name="Body">How its body begins.</param>
/// <param name="Certificate">The subject of the certificate that was shown; empty: none was.</param>
/// <param name="Fault">Why there was no answer, in words; empty: there was one.</param>
internal sealed record HttpAnswer(string Address, int Code, string Location, string Body, string Certificate, string Fault);
