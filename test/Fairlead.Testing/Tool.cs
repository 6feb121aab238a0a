using System.Diagnostics;

namespace Fairlead.Testing;

/// <summary>Runs a command of the machine, for tests that compare with what independent tools see or need them as peers.</summary>
public static class Tool
{
    /// <summary>Runs it to its end and returns what it printed; fails the test when it exits other than 0.</summary>
    public static string Run(string command, params string[] arguments)
    {
        var (code, output, error) = TryRun(command, "", arguments);
        return code == 0 ? output : throw new InvalidOperationException($"{command} {string.Join(' ', arguments)}: exit {code}: {error}{output}");
    }

    /// <summary>The processes of that name whose command line has the word; one that ends meanwhile is not among them.</summary>
    public static List<int> Processes(string name, string word) =>
        [.. Process.GetProcessesByName(name).Select(process => process.Id).Where(id => CommandLine(id).Contains(word, StringComparison.Ordinal))];

    /// <summary>Runs it within a network namespace.</summary>
    public static string RunIn(TestNetns netns, string command, params string[] arguments) =>
        Run("nsenter", [$"--net={netns.Path}", command, .. arguments]);

    /// <summary>Runs it to its end with some input and tells all.</summary>
    public static (int Code, string Output, string Error) TryRun(string command, string input, params string[] arguments)
    {
        var start = new ProcessStartInfo(command, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without having read all: what it says of that is told.
        }

        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    private static string CommandLine(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
