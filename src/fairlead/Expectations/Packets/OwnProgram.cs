using System.Collections;
using System.Text;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Processes;

namespace Fairlead.Expectations.Packets;

/// <summary>Runs this program again, in another network namespace and with a kubeconfig of its own.</summary>
internal sealed class OwnProgram(NetNamespace network, string kubeconfig) : IDisposable
{
    private const int MaxOutput = 64 * 1024;

    private readonly Reactor _reactor = new();

    /// <summary>Runs it to its end; gives its exit code and all it printed. It is not interrupted: half a cluster is harder to take down than one.</summary>
    public async Task<(int Code, string Output)> RunAsync(IReadOnlyList<string> arguments)
    {
        using var pipe = Pipe.Open();

        // In a session of its own: Ctrl-C is for us, who then put things in order.
        var options = new SpawnOptions
        {
            FileName = Environment.ProcessPath!,
            Arguments = ["fairlead", .. arguments],
            Environment =
            [
                .. Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Where(variable => $"{variable.Key}" != "KUBECONFIG").Select(variable => $"{variable.Key}={variable.Value}"),
                $"KUBECONFIG={kubeconfig}",
            ],
            WorkingDirectory = "/",
            NewSession = true,
        }.Open(0, "/dev/null", FileAccess.Read).Pass(pipe.Writer, 1).Copy(1, 2);
        using var process = network.Run(() => ChildProcess.Start(options));
        await using var output = new DescriptorStream(_reactor, pipe.Reader.Duplicate(), FileAccess.Read);
        pipe.Dispose();
        var text = await ReadAsync(output);
        return ((await process.WaitAsync(_reactor, CancellationToken.None)).Code, text);
    }

    /// <inheritdoc/>
    public void Dispose() => _reactor.Dispose();

    private static async Task<string> ReadAsync(Stream output)
    {
        var buffer = new byte[MaxOutput];
        var held = 0;
        while (held < buffer.Length && await output.ReadAsync(buffer.AsMemory(held)) is var count and > 0)
        {
            held += count;
        }

        return Encoding.UTF8.GetString(buffer, 0, held);
    }
}
