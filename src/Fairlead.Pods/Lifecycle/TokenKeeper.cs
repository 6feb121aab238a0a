using Fairlead.Kube.Client;

namespace Fairlead.Pods.Lifecycle;

/// <summary>Renews the tokens of all pods' service accounts in time.</summary>
internal sealed class TokenKeeper(PodsContext context, PodDirectory pods)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    /// <summary>Runs until cancelled.</summary>
    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Interval, context.Time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            foreach (var pod in pods.Workers)
            {
                try
                {
                    await pod.Plan.RenewTokensAsync(cancellationToken);
                }
                catch (Exception e) when (e is KubeException or HttpRequestException or IOException or UnauthorizedAccessException or ContainerConfigFailure)
                {
                    // A token has a fifth of its time left when it is first asked for anew: there will be further rounds.
                    context.Log.TokenFailed(pod.Spec.Key, e.Message);
                }
            }
        }
    }
}
