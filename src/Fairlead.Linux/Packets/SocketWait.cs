using System.Net.Sockets;
using Fairlead.Linux.Syscalls;

namespace Fairlead.Linux.Packets;

/// <summary>
/// Lets one thread sleep until one of a few sockets can be read, or until somebody ends its wait. Several threads may wait for the same sockets, each with
/// a wait of its own: what comes wakes one that sleeps, not all (EPOLLEXCLUSIVE, Linux 4.5). The sockets stay their owner's; nothing is allocated by waiting.
/// </summary>
public sealed class SocketWait : IDisposable
{
    private const ulong StopToken = ulong.MaxValue;
    private readonly SafeFd _epoll;
    private readonly SafeFd _stop;
    private readonly byte[] _events;

    /// <summary>Begins to watch.</summary>
    /// <param name="sockets">At least one. A socket is named by its place here.</param>
    /// <exception cref="LinuxException">No descriptor left.</exception>
    public SocketWait(IReadOnlyList<Socket> sockets)
    {
        _events = new byte[(sockets.Count + 1) * EpollEvent.Size];
        _epoll = new SafeFd(LinuxException.Check(Libc.EpollCreate(Libc.EPOLL_CLOEXEC), "epoll_create1"));
        _stop = new SafeFd(LinuxException.Check(Libc.EventFd(0, Libc.EFD_CLOEXEC), "eventfd"));
        Span<byte> entry = stackalloc byte[EpollEvent.Size];
        EpollEvent.Write(entry, Libc.EPOLLIN, StopToken);
        LinuxException.Check(Libc.EpollControl(_epoll, Libc.EPOLL_CTL_ADD, _stop, entry), "epoll_ctl");
        for (var i = 0; i < sockets.Count; i++)
        {
            EpollEvent.Write(entry, Libc.EPOLLIN | Libc.EPOLLEXCLUSIVE, (ulong)i);
            LinuxException.Check(Libc.EpollControl(_epoll, Libc.EPOLL_CTL_ADD, sockets[i].SafeHandle, entry), "epoll_ctl");
        }
    }

    /// <summary>Sleeps until there is something to read. What was not read the last time is told of again.</summary>
    /// <param name="ready">Gets the places of the sockets; as long as there are sockets.</param>
    /// <returns>How many; 0 after <see cref="Stop"/>, from then on at once.</returns>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public int Wait(Span<int> ready)
    {
        int count;
        do
        {
            count = Libc.EpollWait(_epoll, _events, _events.Length / EpollEvent.Size, -1);
        }
        while (count < 0 && (Errno)System.Runtime.InteropServices.Marshal.GetLastPInvokeError() == Errno.EINTR);
        LinuxException.Check(count, "epoll_wait");
        for (var i = 0; i < count; i++)
        {
            var token = EpollEvent.Data(_events.AsSpan(i * EpollEvent.Size));
            if (token == StopToken)
            {
                return 0;
            }

            ready[i] = (int)token;
        }

        return count;
    }

    /// <summary>Ends this wait and all later ones. Any thread may call it.</summary>
    public void Stop() => Libc.Write(_stop, BitConverter.GetBytes(1L), sizeof(long));

    /// <inheritdoc/>
    public void Dispose()
    {
        _epoll.Dispose();
        _stop.Dispose();
    }
}
