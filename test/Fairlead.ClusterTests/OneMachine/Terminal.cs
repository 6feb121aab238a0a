using System.Text;
using Fairlead.Linux.Processes;
using Fairlead.Testing;

namespace Fairlead.ClusterTests.OneMachine;

/// <summary>A program on a terminal of its own, as a user has one; what it prints is read as it comes.</summary>
internal sealed class Terminal : IAsyncDisposable
{
    private readonly Reactor _reactor = new();
    private readonly Pty _pty = Pty.Open();
    private readonly DescriptorStream _screen;
    private readonly ChildProcess _process;
    private readonly StringBuilder _shown = new();
    private int _read;

    public Terminal(ushort columns, ushort rows, params string[] command)
    {
        _pty.Resize(columns, rows);
        _process = ChildProcess.Start(new SpawnOptions
        {
            FileName = "/usr/bin/env",
            Arguments = ["env", .. command],
            Environment = [.. Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().Select(pair => $"{pair.Key}={pair.Value}")],
            NewSession = true,
        }.OnTerminal(_pty.SlavePath));
        _screen = new DescriptorStream(_reactor, _pty.Master.Duplicate(), FileAccess.ReadWrite);
    }

    /// <summary>Everything shown so far, with plain line ends.</summary>
    public string Shown => _shown.ToString().ReplaceLineEndings("\n");

    /// <summary>Reads on until a text is shown that was not there at the last call.</summary>
    public async Task<Terminal> SeeAsync(string text)
    {
        var deadline = Deadline.Token();
        int at;
        while ((at = _shown.ToString().IndexOf(text, _read, StringComparison.Ordinal)) < 0)
        {
            Assert.True(await ReadAsync(deadline), $"the program ended without showing '{text}': {Shown}");
        }

        _read = at + text.Length;
        return this;
    }

    public async Task TypeAsync(string text) => await _screen.WriteAsync(Encoding.UTF8.GetBytes(text), Deadline.Token());

    public void Resize(ushort columns, ushort rows) => _pty.Resize(columns, rows);

    public void Kill() => _process.Signal(9);

    /// <summary>Reads to the end and gives the exit code.</summary>
    public async Task<int> EndAsync()
    {
        var deadline = Deadline.Token();
        while (await ReadAsync(deadline))
        {
            _read = _shown.Length;
        }

        return (await _process.WaitAsync(_reactor, Deadline.Token())).ShellCode;
    }

    public async ValueTask DisposeAsync()
    {
        _process.Signal(9);
        await _process.WaitAsync(_reactor, Deadline.Token());
        await _screen.DisposeAsync();
        _pty.Dispose();
        _process.Dispose();
        _reactor.Dispose();
    }

    private async Task<bool> ReadAsync(CancellationToken deadline)
    {
        var buffer = new byte[4096];
        try
        {
            var count = await _screen.ReadAsync(buffer, deadline);
            _shown.Append(Encoding.UTF8.GetString(buffer, 0, count));
            return count > 0;
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"what was waited for was not shown within {Deadline.Long}: {Shown}");
        }
    }
}
