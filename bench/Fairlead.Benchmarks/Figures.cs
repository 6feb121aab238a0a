using System.Globalization;

namespace Fairlead.Benchmarks;

/// <summary>Prints figures as they are measured, each beside what it is to be compared with.</summary>
internal static class Figures
{
    /// <summary>Starts a group.</summary>
    public static void Heading(string text) => Console.WriteLine($"\n{text}");

    /// <summary>A figure and its baseline or target.</summary>
    public static void Print(string what, string measured, string beside) => Console.WriteLine($"  {what,-58} {measured,16}   {beside}");

    /// <summary>A time, in milliseconds below a second.</summary>
    public static string Time(TimeSpan time) => time.TotalSeconds < 1 ? Text(time.TotalMilliseconds, "0.0", " ms") : Text(time.TotalSeconds, "0.00", " s");

    /// <summary>A number with its unit.</summary>
    public static string Text(double value, string format, string unit) => value.ToString(format, CultureInfo.InvariantCulture) + unit;

    /// <summary>How many want to run on this machine, over the last minute: what else it does meanwhile.</summary>
    public static string Load() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    /// <summary>The value that a share of all is not above.</summary>
    public static TimeSpan Quantile(IEnumerable<TimeSpan> times, double share)
    {
        var sorted = times.Order().ToArray();
        return sorted[Math.Min((int)(sorted.Length * share), sorted.Length - 1)];
    }
}
