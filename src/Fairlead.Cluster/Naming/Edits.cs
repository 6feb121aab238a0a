namespace Fairlead.Cluster.Naming;

/// <summary>How far two names are from each other: letters put in, left out or changed (Levenshtein 1966).</summary>
public static class Edits
{
    /// <summary>So many edits at most make one text of the other.</summary>
    /// <param name="one">One text.</param>
    /// <param name="other">The other.</param>
    /// <param name="most">How many, 0 or more.</param>
    public static bool AtMost(string one, string other, int most)
    {
        if (Math.Abs(one.Length - other.Length) > most)
        {
            return false;
        }

        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var (diagonal, least) = (row[0], row[0] = i);
            for (var j = 1; j <= other.Length; j++)
            {
                var replaced = diagonal + (one[i - 1] == other[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
                least = Math.Min(least, row[j]);
            }

            // No row comes nearer than the one before.
            if (least > most)
            {
                return false;
            }
        }

        return row[^1] <= most;
    }
}
