namespace Fairlead.Proxy.Inspection;

/// <summary>Whether the kernel holds what the cluster's objects ask for, the worst last.</summary>
public enum InspectedState
{
    /// <summary>It does.</summary>
    InStep,

    /// <summary>There is nothing to hold: the room leaves the Service alone.</summary>
    NotProxied,

    /// <summary>The objects have changed; the kernel does not have it yet.</summary>
    Behind,

    /// <summary>The kernel holds something other than was committed.</summary>
    Differs,

    /// <summary>The kernel refused it, or another Service has the address and port.</summary>
    Error,
}

/// <summary>How much to tell.</summary>
public enum InspectionDepth
{
    /// <summary>Services alone.</summary>
    Services,

    /// <summary>Their frontends too.</summary>
    Frontends,

    /// <summary>The endpoints of those too.</summary>
    Endpoints,
}

/// <summary>What is asked: Services of that namespace and name (empty: of any), how deep.</summary>
public sealed record InspectionQuery(string Namespace = "", string Name = "", InspectionDepth Depth = InspectionDepth.Endpoints);

/// <summary>What one node's kernel holds, against what the cluster's objects ask for.</summary>
/// <param name="Node">The node's name.</param>
/// <param name="Problems">What is wrong that concerns no Service in particular: chains all go through, the node's own ranges, elements nobody asks for.</param>
/// <param name="Services">In order of namespace and name; each is made when it is taken.</param>
public sealed record NodeInspection(string Node, IReadOnlyList<string> Problems, IEnumerable<InspectedService> Services);

/// <summary>One Service.</summary>
public sealed record InspectedService
{
    /// <summary>metadata.namespace.</summary>
    public required string Namespace { get; init; }

    /// <summary>metadata.name.</summary>
    public required string Name { get; init; }

    /// <summary>spec.type; empty when the Service is gone and the kernel still holds some of it.</summary>
    public required string Type { get; init; }

    /// <summary>The worst of its frontends.</summary>
    public required InspectedState State { get; init; }

    /// <summary>Why it is not in step, with the frontend concerned where it has several; then what of it is not served.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];

    /// <summary>Number of frontends on this node.</summary>
    public int FrontendCount { get; init; }

    /// <summary>Number of endpoints, each address and port once, that some frontend uses on this node.</summary>
    public int EndpointCount { get; init; }

    /// <summary>Its frontends in order; null when not asked for.</summary>
    public IReadOnlyList<InspectedFrontend>? Frontends { get; init; }
}

/// <summary>One frontend: an address, protocol and port at which a Service accepts on this node.</summary>
public sealed record InspectedFrontend
{
    /// <summary>The address.</summary>
    public required string Address { get; init; }

    /// <summary>The port.</summary>
    public required int Port { get; init; }

    /// <summary><c>TCP</c>, <c>UDP</c> or <c>SCTP</c>.</summary>
    public required string Protocol { get; init; }

    /// <summary>Name of the Service's port; may be empty.</summary>
    public required string PortName { get; init; }

    /// <summary><c>ClusterIP</c>, <c>NodePort</c> or <c>LoadBalancer</c>: whose kind of address it is.</summary>
    public required string Kind { get; init; }

    /// <summary><c>Cluster</c> or <c>Local</c>: internalTrafficPolicy of a cluster address, externalTrafficPolicy of the others.</summary>
    public required string TrafficPolicy { get; init; }

    /// <summary>How long a client stays with its endpoint, in seconds; 0: no affinity.</summary>
    public int AffinitySeconds { get; init; }

    /// <summary>Who is let in; null: everybody.</summary>
    public IReadOnlyList<string>? SourceRanges { get; init; }

    /// <summary>Number of endpoints for traffic from this node and its pods; with policy Cluster, for all.</summary>
    public int EndpointCount { get; init; }

    /// <summary>Number of endpoints for traffic from outside; null: the same.</summary>
    public int? LocalEndpointCount { get; init; }

    /// <summary>Its state.</summary>
    public required InspectedState State { get; init; }

    /// <summary>Why it is not in step.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];

    /// <summary>Every endpoint it has or could have, in order; null when not asked for.</summary>
    public IReadOnlyList<InspectedEndpoint>? Endpoints { get; init; }

    /// <summary><c>10.96.0.1:80/tcp</c>.</summary>
    public string Text() => $"{(Address.Contains(':', StringComparison.Ordinal) ? $"[{Address}]" : Address)}:{Port}/{Protocol.ToLowerInvariant()}";
}

/// <summary>One endpoint of a frontend, used or not.</summary>
public sealed record InspectedEndpoint
{
    /// <summary>The address.</summary>
    public required string Address { get; init; }

    /// <summary>The port.</summary>
    public required int Port { get; init; }

    /// <summary>The pod, <c>namespace/name</c>; empty when it is none.</summary>
    public string Pod { get; init; } = "";

    /// <summary>The node it is on; empty when nobody says.</summary>
    public string Node { get; init; } = "";

    /// <summary>It is ready.</summary>
    public bool Ready { get; init; }

    /// <summary>It serves, ready or not.</summary>
    public bool Serving { get; init; }

    /// <summary>It terminates.</summary>
    public bool Terminating { get; init; }

    /// <summary>Its slot for traffic from this node and its pods, 0 to count - 1; null: not used.</summary>
    public int? Slot { get; init; }

    /// <summary>Why it is used or not.</summary>
    public required string Why { get; init; }

    /// <summary>Its slot for traffic from outside that stays on this node; null: not used, or there is no such traffic.</summary>
    public int? LocalSlot { get; init; }

    /// <summary>Why it is used for that or not; empty: there is no such traffic.</summary>
    public string LocalWhy { get; init; } = "";

    /// <summary>Its slots' state.</summary>
    public required InspectedState State { get; init; }

    /// <summary>Why they are not in step.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];

    /// <summary><c>10.244.0.5:8080</c>.</summary>
    public string Text() => Address.Contains(':', StringComparison.Ordinal) ? $"[{Address}]:{Port}" : $"{Address}:{Port}";
}
