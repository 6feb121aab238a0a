using System.Threading.Channels;

namespace Fairlead.Pods.Containers;

/// <summary>A piece of output. Stream 1 is standard output, 2 standard error.</summary>
internal readonly record struct Output(int Stream, byte[] Data);

/// <summary>Hands a container's output to whoever is attached. What comes before the first listener is kept for it, within bounds.</summary>
internal sealed class OutputHub
{
    private const int Backlog = 1024;
    private const int MaxHeldBytes = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly List<Channel<Output>> _listeners = [];
    private readonly Queue<Output> _held = new();
    private int _heldBytes;
    private bool _claimed;
    private bool _ended;

    internal void Publish(Output output)
    {
        lock (_gate)
        {
            // A listener that does not read is let go: the container is never held up.
            _listeners.RemoveAll(listener => !listener.Writer.TryWrite(output) && listener.Writer.TryComplete());
            if (!_claimed)
            {
                _held.Enqueue(output);
                _heldBytes += output.Data.Length;
                while (_heldBytes > MaxHeldBytes)
                {
                    _heldBytes -= _held.Dequeue().Data.Length;
                }
            }
        }
    }

    internal ChannelReader<Output> Listen()
    {
        var channel = Channel.CreateBounded<Output>(Backlog);
        lock (_gate)
        {
            while (!_claimed && _held.TryDequeue(out var output))
            {
                channel.Writer.TryWrite(output);
            }

            _claimed = true;
            if (_ended)
            {
                channel.Writer.TryComplete();
            }
            else
            {
                _listeners.Add(channel);
            }
        }

        return channel.Reader;
    }

    internal void End()
    {
        lock (_gate)
        {
            _ended = true;
            _listeners.ForEach(listener => listener.Writer.TryComplete());
            _listeners.Clear();
        }
    }
}
