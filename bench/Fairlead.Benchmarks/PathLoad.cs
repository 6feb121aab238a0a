using System.Runtime.CompilerServices;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Namespaces;

namespace Fairlead.Benchmarks;

/// <summary>What goes over a path.</summary>
internal enum PathWork
{
    /// <summary>One byte there and one back, on one connection.</summary>
    RoundTrips,

    /// <summary>A connection made and ended, by the server first.</summary>
    Connections,

    /// <summary>A block of 64 KB one way.</summary>
    Blocks,
}

/// <summary>
/// A client in one network namespace and a server in another, both on one processor: neither waits for the other's, so that the CPU time of both together is
/// what the work costs, whoever else uses the machine.
/// </summary>
/// <param name="client">Where the client is.</param>
/// <param name="server">Where the server is; it listens on every address there.</param>
/// <param name="address">Whom the client asks for.</param>
/// <param name="port">At which port.</param>
internal sealed class PathLoad(NetNamespace client, NetNamespace server, IpAddr address, ushort port)
{
    /// <summary>Where the server listens.</summary>
    public const ushort ServerPort = 9000;

    private const int BlockBytes = 64 * 1024;

    private readonly uint _address = BitConverter.ToUInt32(address.ToBytes());

    /// <summary>Waits until it answers.</summary>
    public async Task WaitAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30), TimeProvider.System);
        var listening = server.Run(() => PathSyscalls.Listen(ServerPort));
        while (client.Run(() => PathSyscalls.TryConnect(_address, port)) is var connection)
        {
            if (connection is { } made)
            {
                PathSyscalls.Close(made);
                PathSyscalls.Close(listening);
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
        }
    }

    /// <summary>Does the work so many times.</summary>
    /// <returns>CPU time of client and server for each, in nanoseconds.</returns>
    public async Task<double> RunAsync(PathWork work, int times)
    {
        var listening = server.Run(() => PathSyscalls.Listen(ServerPort));
        var serving = Task.Run(() => server.Run(() => Timed(() => Serve(work, listening, times))));
        var asking = Task.Run(() => client.Run(() => Timed(() => Ask(work, times))));
        var cpu = await asking + await serving;
        PathSyscalls.Close(listening);
        return (double)cpu / times;
    }

    private static long Timed(Action body)
    {
        PathSyscalls.Pin();
        var start = PathSyscalls.CpuTime();
        body();
        return PathSyscalls.CpuTime() - start;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Serve(PathWork work, int listening, int times)
    {
        if (work == PathWork.Connections)
        {
            for (var i = 0; i < times; i++)
            {
                PathSyscalls.Close(PathSyscalls.Accept(listening));
            }

            return;
        }

        var connection = PathSyscalls.Accept(listening);
        PathSyscalls.NoDelay(connection);
        Span<byte> bytes = new byte[4 * BlockBytes];
        while (PathSyscalls.Receive(connection, bytes) is var count and > 0)
        {
            if (work == PathWork.RoundTrips)
            {
                PathSyscalls.SendAll(connection, bytes[..count]);
            }
        }

        PathSyscalls.Close(connection);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Ask(PathWork work, int times)
    {
        Span<byte> bytes = new byte[work == PathWork.Blocks ? BlockBytes : 1];
        var connection = work == PathWork.Connections ? -1 : PathSyscalls.Connect(_address, port);
        if (connection >= 0)
        {
            PathSyscalls.NoDelay(connection);
        }

        for (var i = 0; i < times; i++)
        {
            switch (work)
            {
                case PathWork.RoundTrips:
                    PathSyscalls.SendAll(connection, bytes);
                    _ = PathSyscalls.Receive(connection, bytes);
                    break;
                case PathWork.Connections:
                    var each = PathSyscalls.Connect(_address, port);
                    _ = PathSyscalls.Receive(each, bytes);
                    PathSyscalls.Close(each);
                    break;
                default:
                    PathSyscalls.SendAll(connection, bytes);
                    break;
            }
        }

        if (connection >= 0)
        {
            PathSyscalls.Close(connection);
        }
    }
}
