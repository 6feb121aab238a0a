namespace Fairlead.ControlPlane;

/// <summary>A loop that keeps one promise of the API, such as a Deployment's pods.</summary>
public interface IController
{
    /// <summary>Runs until cancelled. Faults of single objects are retried inside; a fault that escapes ends the control plane.</summary>
    Task RunAsync(CancellationToken cancellationToken);
}
