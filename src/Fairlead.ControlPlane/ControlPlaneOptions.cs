using System.Net;
using Fairlead.Cluster.Controllers;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Linux.Addresses;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.ControlPlane;

/// <summary>What a control plane is told at start.</summary>
public sealed record ControlPlaneOptions
{
    /// <summary>Where the store and the certificate authority are; made when missing, mode 0700.</summary>
    public required string StateDirectory { get; init; }

    /// <summary>Where the API server listens; port 0 lets the system choose. Never an address that others than this machine's nodes reach.</summary>
    public required IReadOnlyList<IPEndPoint> Listen { get; init; }

    /// <summary>Where nodes and pods reach the API server: what the Endpoints of Service default/kubernetes say. Null: no such Service.</summary>
    public IPEndPoint? Advertise { get; init; }

    /// <summary>The Services' ranges, one per family, the primary family first.</summary>
    public IReadOnlyList<IpNet> ServiceRanges { get; init; } = [IpNet.Parse("10.96.0.0/12")];

    /// <summary>DNS domain of the cluster.</summary>
    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>Unix socket of the pods role, for log, exec and attach; empty when there is none.</summary>
    public string PodsSocket { get; init; } = "";

    /// <summary>Events kept in memory per resource; a watch that lags further behind gets 410.</summary>
    public int WatchWindow { get; init; } = 4096;

    /// <summary>Makes the controllers that run in this process, once the API is there.</summary>
    public Func<ControlPlane, IEnumerable<IController>> Controllers { get; init; } = _ => [];

    /// <summary>What is said about pods as they are written, such as images that are not run. Null: nothing.</summary>
    public PodSpecWarnings? PodWarnings { get; init; }

    /// <summary>What is said about policies and Services as they are written, such as selectors that match nothing in this cluster. Null: nothing.</summary>
    public ObjectWarnings? ObjectWarnings { get; init; }

    /// <summary>
    /// No Service takes an external address that it has not already: 403 (upstream's admission plugin DenyServiceExternalIPs, KEP-2200). Off unless said
    /// otherwise, as upstream.
    /// </summary>
    public bool DenyServiceExternalIPs { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Where logs go.</summary>
    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;
}
