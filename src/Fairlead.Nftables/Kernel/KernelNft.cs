using Fairlead.Linux;
using Fairlead.Linux.Netlink;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Rulesets;
using Fairlead.Nftables.Text;
using Fairlead.Nftables.Transactions;

namespace Fairlead.Nftables.Kernel;

/// <summary>
/// The kernel's nf_tables over netlink. One commit is one batch, which the kernel takes whole or not at all. Any thread may call; commits take turns.
/// </summary>
public sealed class KernelNft : INft, IDisposable
{
    // From here on, what the kernel makes of a commit for listeners costs more than asking it afterwards.
    private const int ManyObjects = 1000;

    private readonly Lock _commits = new();
    private readonly NetlinkSocket _socket;
    private readonly TableReader _reader;
    private readonly CommitMonitor _monitor;
    private uint _ownCommits;

    private KernelNft(NetlinkSocket socket)
    {
        _socket = socket;
        _reader = new TableReader(socket);
        _monitor = new CommitMonitor(socket.PortId);
    }

    /// <inheritdoc/>
    public event Action? ChangedByOthers
    {
        add => _monitor.Add(value);
        remove => _monitor.Remove(value);
    }

    /// <summary>How often the kernel was called so far.</summary>
    internal long SystemCalls => _socket.SystemCalls;

    /// <summary>Opens nf_tables of the network namespace of the calling thread.</summary>
    /// <exception cref="NftException">The kernel has no nf_tables, or the caller lacks CAP_NET_ADMIN there.</exception>
    public static KernelNft Open()
    {
        NetlinkSocket? socket = null;
        try
        {
            socket = NetlinkSocket.Open(NetlinkProtocol.Netfilter);
            var nft = new KernelNft(socket);
            nft._reader.Generation();
            return nft;
        }
        catch (LinuxException e)
        {
            socket?.Dispose();
            throw new NftException($"nf_tables cannot be used: {e.Message}", (int)e.Errno);
        }
    }

    /// <inheritdoc/>
    public Task CommitAsync(Transaction transaction, CancellationToken cancellationToken) =>
        transaction.Error is { } error ? Task.FromException(new NftException(error))
        : transaction.IsEmpty ? Task.CompletedTask
        : Task.Run(() => Commit(transaction), cancellationToken);

    /// <inheritdoc/>
    public Task<Ruleset?> ReadAsync(string table, CancellationToken cancellationToken) =>
        Task.Run(() => _reader.Read(new Table(table), cancellationToken), cancellationToken);

    /// <summary>Every chain of every table of this network namespace, whosever it is. <see cref="LinuxException"/> when the kernel refuses.</summary>
    public Task<IReadOnlyList<ChainListing>> ListChainsAsync(CancellationToken cancellationToken) =>
        Task.Run<IReadOnlyList<ChainListing>>(_reader.Chains, cancellationToken);

    /// <inheritdoc/>
    public Task<Ruleset?> ReadRoughlyAsync(string table, CancellationToken cancellationToken) =>
        Task.Run(() => _reader.ReadRoughly(new Table(table)), cancellationToken);

    /// <summary>How many packets the counters of some chains have counted, by chain; one that is not there is not in the answer. Short work: it is done at once.</summary>
    /// <param name="table">A table of ours.</param>
    /// <param name="chains">Chains whose rules count.</param>
    /// <exception cref="NftException">It cannot be read.</exception>
    public IReadOnlyDictionary<string, long> CountedPackets(string table, IReadOnlyList<string> chains) => _reader.CountedPackets(new Table(table), chains);

    /// <inheritdoc/>
    public Task<uint> GenerationAsync(CancellationToken cancellationToken) => AskAsync(_reader.Generation, cancellationToken);

    /// <inheritdoc/>
    public Task<uint> GenerationOfOthersAsync(CancellationToken cancellationToken) => AskAsync(
        () =>
        {
            // Both numbers of one moment: none of our commits is between them.
            lock (_commits)
            {
                return _reader.Generation() - _ownCommits;
            }
        },
        cancellationToken);

    private static Task<uint> AskAsync(Func<uint> generation, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return Task.FromResult(generation());
        }
        catch (LinuxException e)
        {
            return Task.FromException<uint>(new NftException($"get nf_tables generation: {e.Message}", (int)e.Errno));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _monitor.Dispose();
        _socket.Dispose();
    }

    private void Commit(Transaction transaction)
    {
        lock (_commits)
        {
            if (transaction.Size < ManyObjects)
            {
                Send(transaction);
            }
            else
            {
                _monitor.WithoutListening(() => Send(transaction), _reader.Generation);
            }

            _ownCommits++;
        }
    }

    private void Send(Transaction transaction)
    {
        using var writer = new NetlinkWriter(64 * 1024);
        var origins = BatchWriter.Write(writer, transaction);
        var operation = $"commit {transaction.Size} objects to {transaction.Table.Title}";
        try
        {
            var errors = _socket.Transact(writer, operation, null);
            if (errors.Count > 0)
            {
                throw Failure(errors[0], origins, operation);
            }
        }
        catch (LinuxException e)
        {
            throw new NftException($"{operation}: {e.Message}", (int)e.Errno);
        }
    }

    /// <summary>Message 0 is the batch's begin: a refusal there concerns the batch as a whole.</summary>
    private static NftException Failure(NetlinkError error, IReadOnlyList<Operation> origins, string operation)
    {
        var what = error.MessageIndex >= 1 && error.MessageIndex <= origins.Count ? origins[error.MessageIndex - 1].ToString() : operation;
        var why = error.Text.Length > 0 ? $"{error.Errno}: {error.Text}" : error.Errno.ToString();
        return new NftException($"{what}: {why}{Lacking(error, origins)}", (int)error.Errno);
    }

    /// <summary>A kernel built without an expression, or a kind of chain, says of it what it says of a set that is not there.</summary>
    private static string Lacking(NetlinkError error, IReadOnlyList<Operation> origins) =>
        error.Errno is not (Errno.ENOENT or Errno.EOPNOTSUPP) || error.MessageIndex < 1 || error.MessageIndex > origins.Count
            || origins[error.MessageIndex - 1] is not { Verb: Verb.Add or Verb.Create or Verb.Insert } operation ? ""
        : operation.Object switch
        {
            Rule rule => $" (the kernel has no such chain or set, or was built without what the rule needs: {RulesetText.Render(rule)})",
            Chain { Base: { } hook } => $" (the kernel was built without chains of type {hook.Type.ToString().ToLowerInvariant()})",
            Container => " (the kernel was built without what the set needs)",
            _ => "",
        };
}
