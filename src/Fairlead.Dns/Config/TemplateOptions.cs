using Fairlead.Dns.Wire;
using Fairlead.State;

namespace Fairlead.Dns.Config;

/// <summary>Plugin <c>template</c> of a server block, as far as it answers with a code and without records: what suppresses a type, or a zone.</summary>
internal sealed record TemplateOptions
{
    /// <summary>Zones it answers for; names outside pass by.</summary>
    public required ValueArray<string> Zones { get; init; }

    /// <summary>The type it answers for; ANY: all types.</summary>
    public required RecordType Type { get; init; }

    /// <summary>What it answers.</summary>
    public ResponseCode Code { get; init; }
}
