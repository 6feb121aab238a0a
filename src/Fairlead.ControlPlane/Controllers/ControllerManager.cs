using Fairlead.Cluster.Controllers;
using Fairlead.ControlPlane.Controllers.Addresses;
using Fairlead.ControlPlane.Controllers.Endpoints;
using Fairlead.ControlPlane.Controllers.Garbage;
using Fairlead.ControlPlane.Controllers.Namespaces;
using Fairlead.ControlPlane.Controllers.Nodes;
using Fairlead.ControlPlane.Controllers.Scheduling;
using Fairlead.ControlPlane.Controllers.Workloads;
using Fairlead.Kube.Client;
using Microsoft.Extensions.Logging;

namespace Fairlead.ControlPlane.Controllers;

/// <summary>
/// The controllers of a cluster: scheduler, workloads, endpoints, namespaces, nodes, garbage. One instance per cluster; they share one watch per kind.
/// </summary>
public sealed class ControllerManager : IController, IDisposable
{
    private readonly ControllerContext _context;
    private readonly IReadOnlyList<IController> _controllers;

    /// <summary>Makes the controllers; nothing runs before <see cref="RunAsync"/>.</summary>
    /// <param name="api">The API they work against; in the control plane its own.</param>
    /// <param name="options">What they are told.</param>
    /// <param name="time">The clock.</param>
    /// <param name="loggers">Where they log.</param>
    public ControllerManager(IKubeApi api, ControllerOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        _context = new ControllerContext(api, options, time, loggers);
        var graph = new ObjectGraph();
        foreach (var type in _context.Kinds)
        {
            graph.Follow(_context.Reflectors, type);
        }

        _controllers =
        [
            new NamespaceController(_context, graph),
            new NodeController(_context),
            new NodePodsController(_context),
            new SchedulerController(_context),
            new ReplicaSetController(_context),
            new DeploymentController(_context),
            new EndpointSliceController(_context),
            new EndpointsController(_context),
            new MirroringController(_context),
            new IPAddressController(_context),
            new ServiceCidrController(_context),
            new GarbageCollector(_context, graph),
            new EventExpiry(_context),
        ];
    }

    /// <inheritdoc/>
    public string Name => "controllers";

    /// <summary>The names of the controllers, for inspection.</summary>
    public IReadOnlyList<string> Names => [.. _controllers.Select(controller => controller.Name)];

    /// <summary>Runs all controllers until stopped.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(
        _controllers.Select(controller => controller.RunAsync(cancellationToken)).Append(_context.Reflectors.RunAsync(cancellationToken)));

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var controller in _controllers.OfType<IDisposable>())
        {
            controller.Dispose();
        }
    }
}
