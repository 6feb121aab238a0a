using Fairlead.Cluster.Controllers;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.ControlPlane.Controllers.Garbage;

/// <summary>
/// Which owners the objects of a namespace name, by the server, which keeps no index of them: every kind has to be listed. One answer therefore serves
/// every question that is not newer than it; the server counts all kinds in one revision.
/// </summary>
internal sealed class NamedOwners(IKubeApi api, IReadOnlyList<ResourceType> kinds) : IDisposable
{
    /// <summary>How many namespaces an answer is kept of: as many as are likely to have deletions under way at one time.</summary>
    private const int Kept = 8;

    private readonly Dictionary<string, Answer> _answers = [];
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _one = new(1, 1);

    public void Dispose() => _one.Dispose();

    /// <summary>Whether an object of a namespace names an owner, as of <paramref name="since"/> or later.</summary>
    /// <param name="space">The namespace; empty for the whole cluster.</param>
    /// <param name="uid">The owner's uid.</param>
    /// <param name="blockingOnly">Whether to count only those that block its deletion.</param>
    /// <param name="since">The resource version that the answer must have reached.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="KubeException">The server refuses a list.</exception>
    public async Task<bool> ContainAsync(string space, string uid, bool blockingOnly, ulong since, CancellationToken cancellationToken)
    {
        var answer = Find(space);

        // Who was there may have gone since: a kept yes is asked again, a kept no is not.
        if (answer is null || answer.Version < since || answer.Names(uid, blockingOnly))
        {
            answer = await AskAsync(space, answer, since, cancellationToken);
        }

        return answer.Names(uid, blockingOnly);
    }

    private Answer? Find(string space)
    {
        lock (_gate)
        {
            return _answers.GetValueOrDefault(space);
        }
    }

    /// <summary>An answer of <paramref name="since"/> that is not <paramref name="known"/>: whoever waited for another's takes that.</summary>
    private async Task<Answer> AskAsync(string space, Answer? known, ulong since, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (Find(space) is { } other && other != known && other.Version >= since)
            {
                return other;
            }

            var answer = await ListAsync(space, cancellationToken);
            Keep(space, answer);
            return answer;
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<Answer> ListAsync(string space, CancellationToken cancellationToken)
    {
        var answer = new Answer();
        foreach (var type in kinds.Where(type => type.Namespaced || space.Length == 0))
        {
            var list = await api.ListAsync(type, space, ListOptions.All, cancellationToken);
            answer.Version = Math.Min(answer.Version, RowMeta.From(list).ResourceVersion);
            foreach (var owner in list.Objects("items").SelectMany(item => item.Objects("metadata", "ownerReferences")))
            {
                answer.Add(owner.Text("uid"), owner.Flag("blockOwnerDeletion"));
            }
        }

        return answer;
    }

    private void Keep(string space, Answer answer)
    {
        lock (_gate)
        {
            _answers[space] = answer;
            if (_answers.Count > Kept)
            {
                _answers.Remove(_answers.MinBy(pair => pair.Value.Version).Key);
            }
        }
    }

    private sealed class Answer
    {
        private readonly Dictionary<string, bool> _owners = [];

        /// <summary>The resource version of the oldest of its lists.</summary>
        public ulong Version { get; set; } = ulong.MaxValue;

        public void Add(string uid, bool blocks) => _owners[uid] = blocks || _owners.GetValueOrDefault(uid);

        public bool Names(string uid, bool blockingOnly) => _owners.TryGetValue(uid, out var blocks) && (blocks || !blockingOnly);
    }
}
