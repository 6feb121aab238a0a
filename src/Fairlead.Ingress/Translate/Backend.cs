using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Ingress.Translate;

/// <summary>Which port of which Service: a number in digits, or a name.</summary>
public readonly record struct BackendKey(ObjectKey Service, string Port)
{
    /// <summary><c>namespace/service:port</c>.</summary>
    public override string ToString() => $"{Service}:{Port}";
}

/// <summary>One address and port that requests are sent to.</summary>
/// <param name="Address">The endpoint's address.</param>
/// <param name="Port">Its port.</param>
/// <param name="Pod">The pod behind it; the default value when it is none.</param>
public sealed record BackendEndpoint(IpAddr Address, ushort Port, ObjectKey Pod)
{
    /// <summary>Where requests go, <c>address:port</c>.</summary>
    public string Authority { get; } = new System.Net.IPEndPoint(Address.ToIPAddress(), Port).ToString();

    /// <inheritdoc cref="Authority"/>
    public override string ToString() => Authority;
}

/// <summary>
/// One port of a Service that routes lead to. Lives as long as a route leads to it: its endpoints change in place, so that a change of endpoints
/// touches no route.
/// </summary>
public sealed class Backend(BackendKey key)
{
    private volatile BackendState _state = BackendState.Unknown;
    private uint _turn;

    /// <summary>Which port of which Service.</summary>
    public BackendKey Key { get; } = key;

    /// <summary>Its endpoints as of now.</summary>
    public BackendState State
    {
        get => _state;
        internal set => _state = value;
    }

    /// <summary>Whose turn it is: a number that grows by one with each request.</summary>
    internal uint Turn() => Interlocked.Increment(ref _turn);
}

/// <summary>What is known of a backend at a moment.</summary>
/// <param name="Endpoints">Where requests may go, in order of address; empty: nowhere.</param>
/// <param name="Protocol">The port's appProtocol; empty when it has none.</param>
/// <param name="Missing">Why there are no endpoints, in words; empty when there are some.</param>
public sealed record BackendState(ValueArray<BackendEndpoint> Endpoints, string Protocol, string Missing)
{
    /// <summary>Before the Service was looked at.</summary>
    public static BackendState Unknown { get; } = new(default, "", "not known yet");
}
