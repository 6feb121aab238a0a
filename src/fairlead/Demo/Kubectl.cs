using System.Text;
using Fairlead.Linux.Processes;

namespace Fairlead.Demo;

/// <summary>The kubectl on PATH, for the checks that name it. It talks to the demo's cluster, whatever context is current.</summary>
internal sealed class Kubectl(string kubeconfig) : IDisposable
{
    private const int SigKill = 9;
    private const int MaxOutput = 64 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    private readonly Reactor _reactor = new();
    private readonly string? _program = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Select(directory => Path.GetFullPath(Path.Combine(directory, "kubectl"))).FirstOrDefault(File.Exists);

    /// <summary>There is one.</summary>
    public bool IsFound => _program is not null;

    /// <summary>Runs it without input and returns all it printed, errors too; it is killed when it takes too long.</summary>
    public async Task<string> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var pipe = Pipe.Open();
        var options = new SpawnOptions
        {
            FileName = _program ?? throw new InvalidOperationException("there is no kubectl"),
            Arguments = ["kubectl", .. arguments],
            Environment =
            [
                .. Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().Where(variable => $"{variable.Key}" != "KUBECONFIG")
                    .Select(variable => $"{variable.Key}={variable.Value}"),
                $"KUBECONFIG={kubeconfig}",
            ],
            WorkingDirectory = "/",
        }.Open(0, "/dev/null", FileAccess.Read).Pass(pipe.Writer, 1).Copy(1, 2);
        using var process = ChildProcess.Start(options);
        await using var output = new DescriptorStream(_reactor, pipe.Reader.Duplicate(), FileAccess.Read);
        pipe.Dispose();
        try
        {
            var text = await ReadAsync(output, both.Token);
            await process.WaitAsync(_reactor, both.Token);
            return text;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"kubectl {string.Join(' ', arguments)} did not end within {Limit.TotalSeconds:0} s";
        }
        finally
        {
            process.Signal(SigKill);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _reactor.Dispose();

    private static async Task<string> ReadAsync(Stream output, CancellationToken cancellationToken)
    {
        var buffer = new byte[MaxOutput];
        var held = 0;
        while (held < buffer.Length && await output.ReadAsync(buffer.AsMemory(held), cancellationToken) is var count and > 0)
        {
            held += count;
        }

        return Encoding.UTF8.GetString(buffer, 0, held);
    }
}
