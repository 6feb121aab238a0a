using System.Buffers;
using Fairlead.State;

namespace Fairlead.Ingress.Hosting;

/// <summary>
/// Lines that requests write and one loop carries away, so that no request waits for whoever reads the log. When it is not carried away fast enough, lines
/// are dropped and counted. Any thread may write.
/// </summary>
internal sealed class AccessLog(Stream output)
{
    private const int MostBytes = 4 * 1024 * 1024;

    private readonly Lock _gate = new();
    private readonly Wake _wake = new();
    private ArrayBufferWriter<byte> _filling = new(64 * 1024);
    private ArrayBufferWriter<byte> _writing = new(64 * 1024);
    private long _dropped;

    /// <summary>Lines that were dropped.</summary>
    public long Dropped => Interlocked.Read(ref _dropped);

    /// <summary>Writes a line.</summary>
    /// <param name="state">What it is about.</param>
    /// <param name="write">Writes it, without its end.</param>
    public void Write<TState>(TState state, Action<TState, AccessLine> write)
    {
        lock (_gate)
        {
            if (_filling.WrittenCount > MostBytes)
            {
                Interlocked.Increment(ref _dropped);
                return;
            }

            write(state, new AccessLine(_filling));
            _filling.GetSpan(1)[0] = (byte)'\n';
            _filling.Advance(1);
        }

        _wake.Ring();
    }

    /// <summary>Carries lines away until cancelled, and then those that are left.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await _wake.WaitAsync(cancellationToken);
                await FlushAsync();
            }
        }
        finally
        {
            await FlushAsync();
        }
    }

    private async Task FlushAsync()
    {
        lock (_gate)
        {
            (_filling, _writing) = (_writing, _filling);
        }

        try
        {
            await output.WriteAsync(_writing.WrittenMemory, CancellationToken.None);
            await output.FlushAsync(CancellationToken.None);
        }
        catch (IOException)
        {
            // Nobody reads it, or the disk is full: requests go on, and the figures tell of what is missing.
            Interlocked.Add(ref _dropped, _writing.WrittenSpan.Count((byte)'\n'));
        }

        _writing.ResetWrittenCount();
    }
}
