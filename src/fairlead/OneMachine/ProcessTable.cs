using System.Globalization;

namespace Fairlead.OneMachine;

/// <summary>Looks at processes through /proc (proc(5)).</summary>
internal static class ProcessTable
{
    /// <summary>Start time of a process in clock ticks since boot; 0 when there is none of that id, or it is a zombie.</summary>
    public static long StartTicks(int pid)
    {
        var fields = Stat(pid);
        return fields.Length < 20 || fields[0] is "Z" or "X" ? 0 : long.Parse(fields[19], CultureInfo.InvariantCulture);
    }

    /// <summary>True when the recorded process is still the one running under its id.</summary>
    public static bool IsAlive(ProcessRecord process) => process.Pid > 0 && StartTicks(process.Pid) == process.StartTicks && process.StartTicks != 0;

    /// <summary>Resident memory in bytes: the proportional share, so that pages shared by our processes count once; 0 when it is gone.</summary>
    public static long ResidentBytes(int pid)
    {
        try
        {
            foreach (var line in File.ReadLines($"/proc/{pid}/smaps_rollup"))
            {
                if (line.StartsWith("Pss:", StringComparison.Ordinal))
                {
                    return long.Parse(line.AsSpan(4, line.Length - 6), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture) * 1024;
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }

        return 0;
    }

    /// <summary>The fields after the program's name, which may itself hold spaces and parentheses: state first.</summary>
    private static string[] Stat(int pid)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{pid}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
