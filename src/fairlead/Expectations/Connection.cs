using System.Globalization;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;

namespace Fairlead.Expectations;

/// <summary>One connection that an expectation stands for: after every translation, as policies see it.</summary>
/// <param name="From">Who opens, as people read it.</param>
/// <param name="To">To whom.</param>
/// <param name="Source">Its address.</param>
/// <param name="Target">The address of the destination.</param>
/// <param name="Protocol">The protocol.</param>
/// <param name="Port">The port of the destination.</param>
internal sealed record Connection(string From, string To, IpAddr Source, IpAddr Target, IpProtocol Protocol, ushort Port)
{
    /// <summary>The pod that opens; null when it is none.</summary>
    public PodRow? SourcePod { get; init; }

    /// <summary>The pod that is reached; null when it is none.</summary>
    public PodRow? TargetPod { get; init; }

    /// <summary>The port as people read it.</summary>
    public string PortText => string.Create(CultureInfo.InvariantCulture, $"{Port}/{Protocol.ToString().ToLowerInvariant()}");

    /// <summary>All of it in one line.</summary>
    public override string ToString() => $"{From} → {To}:{PortText}";
}
