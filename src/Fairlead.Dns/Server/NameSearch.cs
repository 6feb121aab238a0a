using System.Buffers;
using Fairlead.Dns.Chain;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Server;

/// <summary>
/// What a pod's resolver would ask one after another, asked here: the first name that exists is the answer. Each goes through the whole configuration, as if
/// the pod had asked for it.
/// </summary>
/// <param name="chains">The configuration.</param>
/// <param name="names">The names in their order, wire form.</param>
/// <param name="time">Clock.</param>
internal sealed class NameSearch(DnsChains chains, IReadOnlyList<byte[]> names, TimeProvider time)
{
    // Shorter than a resolver's patience (5 s, resolv.conf(5)): with upstreams that are silent it hears in time that it has to go on by itself.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    private readonly DnsHandler _handler = new(chains, null);

    /// <summary>The name that exists; null: none does, or that is not known.</summary>
    public byte[]? Match { get; private set; }

    /// <summary>The reply for <see cref="Match"/>, or none.</summary>
    public async ValueTask<ForwardResult> AskAsync(PendingQuery asked, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var room = ArrayPool<byte>.Shared.Rent(DnsHandler.MaxReply);
        try
        {
            foreach (var name in names)
            {
                var length = await ResolveAsync(asked, name, room.AsMemory(0, DnsHandler.MaxReply), both.Token);
                var code = DnsHeader.TryRead(room.AsSpan(0, length), out var header) ? header.Code : ResponseCode.ServFail;
                if (code == ResponseCode.NoError)
                {
                    Match = name;
                    return new ForwardResult(room[..length], ResponseCode.NoError);
                }

                if (code != ResponseCode.NxDomain)
                {
                    break;
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The time is up: nothing is known, as with an upstream that fails.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(room);
        }

        return new ForwardResult(null, ResponseCode.NxDomain);
    }

    private async ValueTask<int> ResolveAsync(PendingQuery asked, byte[] name, Memory<byte> room, CancellationToken cancellationToken)
    {
        var handled = _handler.Handle(QueryFor(asked, name), asked.Asker.Client, room.Span, tcp: true);
        return handled.Pending is { } pending ? await _handler.FinishAsync(pending, room, cancellationToken) : handled.Length;
    }

    private static byte[] QueryFor(PendingQuery asked, byte[] name)
    {
        DnsQuery.TryRead(asked.Query, out var query);
        return DnsQuery.Write(name, query.Type, (ushort)(query.Header.Flags & (DnsHeader.RecursionDesiredFlag | DnsHeader.CheckingDisabledFlag)));
    }
}
