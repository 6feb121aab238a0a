using Fairlead.Linux.Netlink;

namespace Fairlead.Nftables.Kernel;

/// <summary>
/// Hears of commits to nf_tables by anybody but the owner of one netlink socket. Every commit ends in one message that names the new generation and the
/// socket it came by (NFNLGRP_NFTABLES, NFT_MSG_NEWGEN; <c>linux/netfilter/nf_tables.h</c>). Costs nothing before somebody listens: the kernel makes
/// these messages only for listeners.
/// </summary>
internal sealed class CommitMonitor : IDisposable
{
    private const int NFNLGRP_NFTABLES = 7;

    private readonly uint _ownPort;
    private readonly NetlinkSubscription _subscription;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private Action? _listeners;
    private bool _joined;

    /// <summary>Made in the network namespace of the calling thread.</summary>
    /// <param name="ownPort">The netlink socket whose commits are of no interest.</param>
    /// <exception cref="Linux.LinuxException">No descriptor left.</exception>
    internal CommitMonitor(uint ownPort)
    {
        _ownPort = ownPort;
        _subscription = NetlinkSubscription.Open(NetlinkProtocol.Netfilter);
    }

    public void Dispose()
    {
        _stop.Cancel();
        _subscription.Dispose();
        _stop.Dispose();
    }

    /// <summary>From its return on, no commit of others is missed.</summary>
    internal void Add(Action? listener)
    {
        lock (_gate)
        {
            _listeners += listener;
            if (!_joined)
            {
                _joined = true;
                _subscription.OnlyType(Wire.Message(Wire.NFT_MSG_NEWGEN));
                _subscription.Join(NFNLGRP_NFTABLES);
                _ = ListenAsync(_stop.Token);
            }
        }
    }

    internal void Remove(Action? listener)
    {
        lock (_gate)
        {
            _listeners -= listener;
        }
    }

    /// <summary>
    /// Commits without listening meanwhile: for a listener the kernel makes a message of 4 KB for every element, all of them held until the commit is
    /// done, and of a hundred thousand not one is about others. Whether others have committed in the meantime the generation tells. One caller at a time.
    /// </summary>
    /// <param name="commit">One commit by the own socket.</param>
    /// <param name="generation">Asks for the generation: it grows by one with each commit of anybody.</param>
    internal void WithoutListening(Action commit, Func<uint> generation)
    {
        if (!TryLeave())
        {
            commit();
            return;
        }

        uint? expected = null;
        try
        {
            var before = generation();
            commit();
            expected = before + 1;
        }
        finally
        {
            _subscription.Join(NFNLGRP_NFTABLES);
            if (generation() != expected)
            {
                _listeners?.Invoke();
            }
        }
    }

    private bool TryLeave()
    {
        lock (_gate)
        {
            if (_joined)
            {
                _subscription.Leave(NFNLGRP_NFTABLES);
            }

            return _joined;
        }
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var datagram = await _subscription.ReceiveAsync(cancellationToken);
            if (datagram.IsEmpty || IsByOthers(datagram.Span))
            {
                _listeners?.Invoke();
            }
        }
    }

    private bool IsByOthers(ReadOnlySpan<byte> datagram)
    {
        foreach (var message in new NetlinkReader(datagram))
        {
            if (message.PortId != _ownPort)
            {
                return true;
            }
        }

        return false;
    }
}
