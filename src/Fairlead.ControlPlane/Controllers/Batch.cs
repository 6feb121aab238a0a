namespace Fairlead.ControlPlane.Controllers;

/// <summary>Runs many small writes a few at a time.</summary>
internal static class Batch
{
    private const int AtATime = 8;

    /// <summary>The first item goes alone: if it is refused, so would be the others, and none is tried.</summary>
    public static async Task RunAsync<T>(IEnumerable<T> items, Func<T, CancellationToken, Task> run, CancellationToken cancellationToken)
    {
        var all = items.ToList();
        if (all.Count == 0)
        {
            return;
        }

        await run(all[0], cancellationToken);
        foreach (var chunk in all.Skip(1).Chunk(AtATime))
        {
            await Task.WhenAll(chunk.Select(item => run(item, cancellationToken)));
        }
    }
}
