using Fairlead.Cluster;
using Fairlead.Cluster.Controllers;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Client;
using Fairlead.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.Ingress.Status;

/// <summary>
/// Tells of what is not served as it is written, by a Warning Event on the Ingress and in the log, once for each time it appears: findings of the compiler, and
/// Secrets that are no certificate, for every Ingress that names them. The same text about the same Ingress is one Event, whichever replica writes it.
/// </summary>
public sealed class FindingEvents(IKubeApi api, ClusterTables cluster, IngressTables ingress, IngressOptions options, TimeProvider time, ILogger log)
{
    private const string CertificateReason = "CertificateProblem";

    private readonly EventRecorder _recorder = new(api, "fairlead-ingress", options.NodeName, time, log);
    private readonly Dictionary<ObjectKey, HashSet<ObjectKey>> _users = [];

    /// <summary>Writes Events until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var served = ingress.Served.Subscribe();
        using var problems = ingress.CertificateProblems.Subscribe();
        var wake = new Wake();
        served.Signalled += wake.Ring;
        problems.Signalled += wake.Ring;
        wake.Ring();
        while (true)
        {
            await wake.WaitAsync(cancellationToken);
            foreach (var (key, finding) in Appeared(served.Take(), problems.Take()).Distinct().ToList())
            {
                await TellAsync(key, finding, cancellationToken);
            }
        }
    }

    private IEnumerable<(ObjectKey Ingress, IngressFinding Finding)> Appeared(
        Take<ObjectKey, ServedIngressRow> served, Take<ObjectKey, CertificateProblemRow> problems)
    {
        foreach (var (key, old, now) in served.Changes)
        {
            var (before, secrets) = (old?.Secrets ?? default, now?.Secrets ?? default);
            Remember(key, before, secrets);
            foreach (var finding in (now?.Findings ?? default).Except(old?.Findings ?? default))
            {
                yield return (key, finding);
            }

            foreach (var secret in secrets.Except(before))
            {
                if (problems.Rows.TryGetValue(secret, out var problem))
                {
                    yield return (key, Of(secret, problem));
                }
            }
        }

        foreach (var (secret, _, problem) in problems.Changes)
        {
            foreach (var user in problem is not null && _users.TryGetValue(secret, out var users) ? users : [])
            {
                yield return (user, Of(secret, problem!));
            }
        }
    }

    /// <summary>Which Ingresses a Secret's problem is about, so that it costs as much as it concerns.</summary>
    private void Remember(ObjectKey key, ValueArray<ObjectKey> before, ValueArray<ObjectKey> now)
    {
        foreach (var secret in before.Except(now))
        {
            if (_users.TryGetValue(secret, out var users) && users.Remove(key) && users.Count == 0)
            {
                _users.Remove(secret);
            }
        }

        foreach (var secret in now)
        {
            if (!_users.TryGetValue(secret, out var users))
            {
                _users[secret] = users = [];
            }

            users.Add(key);
        }
    }

    private static IngressFinding Of(ObjectKey secret, CertificateProblemRow problem) => new(CertificateReason, $"Secret {secret}: {problem.Problem}");

    private async Task TellAsync(ObjectKey key, IngressFinding finding, CancellationToken cancellationToken)
    {
        if (cluster.Ingresses.Get(key) is not { } row)
        {
            return;
        }

        StatusLog.Found(log, key, finding.Reason, finding.Message);
        var subject = new EventSubject(ResourceTypes.Ingresses.ApiVersion, ResourceTypes.Ingresses.Kind, key, row.Uid);
        await _recorder.OnceAsync(subject, true, finding.Reason, finding.Message, cancellationToken);
    }
}
