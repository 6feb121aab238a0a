using System.Diagnostics;

namespace Fairlead.Testing.Nftables;

/// <summary>The real nft, run inside a test's namespace: the witness for what we say the kernel holds.</summary>
public static class NftTool
{
    /// <summary>Runs it; what it printed. It fails the test unless it exits 0.</summary>
    public static string Run(TestNetns netns, string arguments, string input = "")
    {
        var start = new ProcessStartInfo("nsenter", $"--net={netns.Path} nft {arguments}")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"nft {arguments}: {error.Result}{input}");
    }
}
