using Fairlead.Expectations;

namespace Fairlead.Live;

/// <summary>What came of sending.</summary>
internal enum Answer
{
    /// <summary>Somebody answered.</summary>
    Answered,

    /// <summary>The destination itself refused at once, by a TCP reset or an ICMP error: nothing listens there, but nothing stopped the packet on its way.</summary>
    Refused,

    /// <summary>Nobody said anything.</summary>
    Silent,

    /// <summary>There is no way there: the sender's own routes say so, or a router does.</summary>
    NoWay,

    /// <summary>It could not be tried.</summary>
    NotTried,
}

/// <summary>What came of sending, and what there is to say about it.</summary>
/// <param name="Answer">What came of it.</param>
/// <param name="Detail">In words.</param>
internal sealed record Reach(Answer Answer, string Detail);

/// <summary>Sends real packets for connections.</summary>
internal interface IPacketSender
{
    /// <summary>Sends from the connection's source.</summary>
    Task<Reach> SendAsync(Connection connection, CancellationToken cancellationToken);

    /// <summary>
    /// Sends to the same destination from where no policy has a say, so that silence can be told from absence. Null: there is no such place.
    /// </summary>
    Task<Reach?> SendUnpolicedAsync(Connection connection, CancellationToken cancellationToken);

    /// <summary>Looks a name up as the connection's source would: answered when it has an address, refused when it has none.</summary>
    Task<Reach> ResolveAsync(Connection connection, string name, CancellationToken cancellationToken);
}
