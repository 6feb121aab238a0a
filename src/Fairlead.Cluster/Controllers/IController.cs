namespace Fairlead.Cluster.Controllers;

/// <summary>One control loop: brings what it manages to what the API objects say, until stopped.</summary>
public interface IController
{
    /// <summary>The name in logs and Events, as <c>endpointslice-controller</c>.</summary>
    string Name { get; }

    /// <summary>
    /// Runs until cancelled; acts only once what it reads has been listed. Faults of single objects are retried inside; a fault that escapes ends
    /// whoever runs it.
    /// </summary>
    Task RunAsync(CancellationToken cancellationToken);
}
