using System.Text.Json.Nodes;
using Fairlead.Kube.Client;
using Fairlead.Kube.Documents;

namespace Fairlead.OneMachine;

/// <summary>Waits for what the API will say, by watching it.</summary>
internal static class Conditions
{
    /// <summary>Waits until the objects of a kind are as wanted; false when they are not within <paramref name="limit"/>.</summary>
    /// <exception cref="KubeException">The API refused.</exception>
    public static async Task<bool> WaitAsync(
        IKubeApi api, ResourceType type, string ns, Func<IReadOnlyCollection<JsonObject>, bool> wanted, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(limit, TimeProvider.System);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            while (true)
            {
                if (await WatchAsync(api, type, ns, wanted, both.Token))
                {
                    return true;
                }
            }
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>A list and one watch from there; false when the server ended it first.</summary>
    private static async Task<bool> WatchAsync(
        IKubeApi api, ResourceType type, string ns, Func<IReadOnlyCollection<JsonObject>, bool> wanted, CancellationToken cancellationToken)
    {
        var list = await api.ListAsync(type, ns, ListOptions.All, cancellationToken);
        var objects = list.Objects("items").ToDictionary(Key);
        if (wanted(objects.Values))
        {
            return true;
        }

        var from = ListOptions.All with { ResourceVersion = list.Text("metadata", "resourceVersion") };
        await foreach (var change in api.WatchAsync(type, ns, from, cancellationToken))
        {
            switch (change.Type)
            {
                case "ADDED" or "MODIFIED":
                    objects[Key(change.Object)] = change.Object;
                    break;
                case "DELETED":
                    objects.Remove(Key(change.Object));
                    break;
                case "ERROR":
                    return false;
                default:
                    continue;
            }

            if (wanted(objects.Values))
            {
                return true;
            }
        }

        return false;
    }

    private static string Key(JsonObject document) => $"{document.Text("metadata", "namespace")}/{document.Text("metadata", "name")}";
}
