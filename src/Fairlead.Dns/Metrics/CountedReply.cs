using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Metrics;

/// <summary>What is counted of a query and its reply.</summary>
internal readonly record struct CountedReply
{
    /// <summary>It came by TCP.</summary>
    public required bool IsTcp { get; init; }

    /// <summary>It came by IPv6.</summary>
    public required bool IsV6 { get; init; }

    public required RecordType Type { get; init; }

    /// <summary>The client's DO bit.</summary>
    public required bool DnssecOk { get; init; }

    public required ResponseCode Code { get; init; }

    public required DnsPlugin Plugin { get; init; }

    /// <summary>Bytes of the query.</summary>
    public required int QuerySize { get; init; }

    /// <summary>Bytes of the reply.</summary>
    public required int ReplySize { get; init; }

    /// <summary>From the query's receipt to its reply.</summary>
    public required TimeSpan Took { get; init; }
}
