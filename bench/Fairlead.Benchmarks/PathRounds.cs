namespace Fairlead.Benchmarks;

/// <summary>What several paths cost, measured in turns.</summary>
internal sealed class PathRounds
{
    private readonly List<double[]> _rounds = [];

    /// <summary>Does the work so many times over each path, in so many rounds after one that warms up.</summary>
    public static async Task<PathRounds> RunAsync(IReadOnlyList<PathLoad> paths, PathWork work, int times, int rounds)
    {
        var measured = new PathRounds();
        for (var round = 0; round <= rounds; round++)
        {
            var costs = new double[paths.Count];
            for (var i = 0; i < paths.Count; i++)
            {
                costs[i] = await paths[i].RunAsync(work, times);
            }

            if (round > 0)
            {
                measured._rounds.Add(costs);
            }
        }

        return measured;
    }

    /// <summary>Median of one path's CPU time for each.</summary>
    public string Cost(int path) => Figures.Text(Median(_rounds.Select(costs => costs[path])) / 1000, "0.0", " us");

    /// <summary>Median of what one path costs of what another does.</summary>
    public string Ratio(int cheap, int dear) => Figures.Text(Median(_rounds.Select(costs => costs[cheap] / costs[dear])), "0.000", "");

    private double Median(IEnumerable<double> values) => values.Order().ElementAt(_rounds.Count / 2);
}
