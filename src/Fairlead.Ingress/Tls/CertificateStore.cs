using System.Collections.Immutable;
using System.Globalization;
using System.Net.Security;
using System.Text;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.Ingress.Tls;

/// <summary>
/// The certificates of hosts, as the Secrets that their Ingresses name have them, kept up with both. A changed Secret serves the next handshake; connections that
/// are there stay as they are. A Secret that stops being a certificate goes on serving the one it was, and says so; one that is deleted serves nothing. A change
/// costs the hosts that it concerns, a lookup does not depend on how many there are.
/// </summary>
internal sealed class CertificateStore : IDisposable
{
    /// <summary>How long a handshake may take.</summary>
    public static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);

    // Keys of certificates that are served no more are kept until no handshake can be left that began with them.
    private static readonly TimeSpan Retirement = HandshakeTimeout * 3;
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    // Stands for the hosts that have no certificate of their own; no host is called so.
    private const string Anyone = "*";

    private readonly IdnMapping _idn = new();
    private readonly HostMap<ServerCertificate> _serving = new();
    private readonly Dictionary<ObjectKey, SecretUse> _uses = [];
    private readonly SortedSet<(DateTimeOffset At, ObjectKey Secret)> _turns = [];
    private readonly Queue<(DateTimeOffset Until, ServerCertificate Certificate)> _retired = [];
    private readonly ServerCertificate _selfSigned;
    private readonly Table<ObjectKey, CertificateProblemRow> _problems;
    private readonly ChangeFeed<string, HostCertificateRow> _hosts;
    private readonly ChangeFeed<ObjectKey, TlsSecretRow> _secrets;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private readonly Wake _wake = new();
    private readonly ValueArray<ObjectKey> _anyones;
    private volatile ServerCertificate _default;
    private bool _listed;

    /// <param name="cluster">TLS Secrets.</param>
    /// <param name="tables">Which hosts take which; what is wrong with them is written here.</param>
    /// <param name="options">Whose certificate hosts without one are served with.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">Told what serves and what does not; never a key.</param>
    public CertificateStore(ClusterTables cluster, IngressTables tables, IngressOptions options, TimeProvider time, ILogger logger)
    {
        (_time, _logger, _problems) = (time, logger, tables.CertificateProblems);
        _default = _selfSigned = ServerCertificate.SelfSigned(time);
        _timer = time.CreateTimer(_ => _wake.Ring(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _hosts = tables.Certificates.Subscribe();
        _secrets = cluster.TlsSecrets.Subscribe();
        _hosts.Signalled += _wake.Ring;
        _secrets.Signalled += _wake.Ring;
        _anyones = options.DefaultCertificate is { } secret ? [secret] : [];
        Reassign(Anyone, [], _anyones);
    }

    /// <summary>Certificates that are served no more, whose keys are still kept for handshakes that began with them.</summary>
    internal int Retired => _retired.Count;

    /// <summary>What a handshake is made with. Any thread.</summary>
    /// <param name="serverName">The host that the client asks for (SNI); empty when it does not say.</param>
    public SslServerAuthenticationOptions Select(ReadOnlySpan<char> serverName)
    {
        if (!Ascii.IsValid(serverName))
        {
            // The framework hands out names with letters beyond ASCII decoded; hosts have them as DNS does.
            try
            {
                serverName = _idn.GetAscii(serverName.ToString());
            }
            catch (ArgumentException)
            {
                return _default.Options;
            }
        }

        return (_serving.TryFind(serverName, out var certificate) ? certificate : _default).Options;
    }

    /// <summary>Keeps up until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // The first pass reads all there are: whoever starts this does not wait for it.
        await Task.Yield();
        while (true)
        {
            Pass();
            await _wake.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Takes what changed. One caller at a time.</summary>
    /// <returns>How many hosts were looked at.</returns>
    internal int Pass()
    {
        var (hosts, secrets, now) = (_hosts.Take(), _secrets.Take(), _time.GetUtcNow());
        HashSet<string> touched = new(StringComparer.Ordinal);
        HashSet<ObjectKey> dirty = [.. Due(now)];
        foreach (var (host, old, row) in hosts.Changes)
        {
            touched.Add(host);
            dirty.UnionWith(Reassign(host, old?.Secrets ?? default, row?.Secrets ?? default));
        }

        dirty.UnionWith(secrets.Changes.Select(change => change.Key).Where(_uses.ContainsKey));
        if (secrets.Initialized && !_listed)
        {
            // From here on a Secret that is not there is missing.
            _listed = true;
            dirty.UnionWith(_uses.Keys);
        }

        // A Secret's hosts have it as soon as it is read: of thousands the first do not wait for the last.
        var looked = 0;
        foreach (var key in dirty.Where(key => Reread(key, _uses[key], secrets.Rows.GetValueOrDefault(key))))
        {
            looked += Point(_uses[key].Hosts, hosts.Rows);
            touched.ExceptWith(_uses[key].Hosts);
        }

        looked += Point(touched, hosts.Rows);

        foreach (var key in dirty)
        {
            Report(key, _uses[key], now);
        }

        if (hosts.Initialized && _listed)
        {
            _problems.MarkInitialized();
        }

        Rest(now);
        return looked;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        _hosts.Dispose();
        _secrets.Dispose();
        foreach (var certificate in _uses.Values.Select(use => use.Serving).Concat(_retired.Select(one => one.Certificate)).Append(_selfSigned))
        {
            certificate?.Dispose();
        }
    }

    // Secrets of which there is something else to say because time has passed.
    private List<ObjectKey> Due(DateTimeOffset now)
    {
        while (_retired.TryPeek(out var oldest) && oldest.Until <= now)
        {
            _retired.Dequeue().Certificate.Dispose();
        }

        List<ObjectKey> due = [];
        while (_turns.Count > 0 && _turns.Min.At <= now)
        {
            due.Add(_turns.Min.Secret);
            _turns.Remove(_turns.Min);
        }

        return due;
    }

    private List<ObjectKey> Reassign(string host, ValueArray<ObjectKey> old, ValueArray<ObjectKey> now)
    {
        foreach (var key in old)
        {
            _uses[key].Hosts.Remove(host);
            _uses[key].Uncovered.Remove(host);
        }

        foreach (var key in now)
        {
            if (!_uses.TryGetValue(key, out var use))
            {
                _uses.Add(key, use = new SecretUse());
            }

            use.Hosts.Add(host);
        }

        return [.. old, .. now];
    }

    // True when the Secret serves something else than before.
    private bool Reread(ObjectKey key, SecretUse use, TlsSecretRow? row)
    {
        if (Equals(use.Row, row))
        {
            return false;
        }

        use.Row = row;
        var (certificate, fault) = row is null ? (null, "") : CertificateReader.Read(row);
        use.Fault = fault;
        if (certificate is null && row is not null)
        {
            return false;
        }

        Retire(use.Serving);
        use.Serving = certificate;
        if (certificate is not null)
        {
            TlsLog.Serves(_logger, key, certificate, certificate.NotAfter);
        }

        return true;
    }

    private void Retire(ServerCertificate? certificate)
    {
        if (certificate is not null)
        {
            _retired.Enqueue((_time.GetUtcNow() + Retirement, certificate));
        }
    }

    private int Point(HashSet<string> hosts, ImmutableDictionary<string, HostCertificateRow> rows)
    {
        foreach (var host in hosts)
        {
            Point(host, host == Anyone ? _anyones : rows.GetValueOrDefault(host)?.Secrets ?? default);
        }

        return hosts.Count;
    }

    // The first of a host's Secrets that is a certificate serves it.
    private void Point(string host, ValueArray<ObjectKey> secrets)
    {
        ServerCertificate? serving = null;
        foreach (var key in secrets)
        {
            var use = _uses[key];
            serving ??= use.Serving;
            use.Uncovered.Remove(host);
            if (host != Anyone && use.Serving?.Covers(host) == false)
            {
                use.Uncovered.Add(host);
            }
        }

        if (host == Anyone)
        {
            _default = serving ?? _selfSigned;
        }
        else
        {
            _serving.Set(host, serving);
        }
    }

    // Writes what is wrong with a Secret, and forgets one that nobody names any more.
    private void Report(ObjectKey key, SecretUse use, DateTimeOffset now)
    {
        if (use.Turn is { } former)
        {
            _turns.Remove((former, key));
        }

        if (use.Hosts.Count == 0)
        {
            Retire(use.Serving);
            _uses.Remove(key);
            _problems.Delete(key);
            return;
        }

        use.Turn = use.NextTurn(now);
        if (use.Turn is { } turn)
        {
            _turns.Add((turn, key));
        }

        if ((use.Row is null && !_listed ? null : use.Problem(now)) is not { } problem)
        {
            _problems.Delete(key);
        }
        else if (_problems.Get(key)?.Problem != problem)
        {
            TlsLog.Problem(_logger, key, problem);
            _problems.Upsert(key, new CertificateProblemRow(problem));
        }
    }

    // Until something changes, or time alone changes something.
    private void Rest(DateTimeOffset now)
    {
        var next = _turns.Count > 0 ? _turns.Min.At : DateTimeOffset.MaxValue;
        if (_retired.TryPeek(out var oldest) && oldest.Until < next)
        {
            next = oldest.Until;
        }

        _timer.Change(next - now > LongestWait ? LongestWait : next - now, Timeout.InfiniteTimeSpan);
    }
}
