using System.Net;
using System.Net.Sockets;
using Fairlead.Cluster;
using Fairlead.Dns.Chain;
using Fairlead.Dns.Config;
using Fairlead.Dns.Explain;
using Fairlead.Dns.Forward;
using Fairlead.Dns.Metrics;
using Fairlead.Dns.Server;
using Fairlead.Linux;
using Fairlead.Linux.Addresses;
using Fairlead.Linux.Namespaces;
using Fairlead.Linux.Route;
using Fairlead.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.Dns;

/// <summary>
/// The node's DNS server: it answers the cluster DNS address on this node, from this node's tables. The address stands on <c>lo</c> of the
/// network namespace the room runs in, and stays there when the room ends, so that queries reach the sockets a supervisor holds.
/// </summary>
/// <param name="tables">Services, EndpointSlices and namespaces.</param>
/// <param name="options">How to answer.</param>
/// <param name="inherited">Sockets the process was started with (<see cref="InheritedSockets"/>); they are served whatever the address.</param>
/// <param name="time">Clock.</param>
/// <param name="log">Log.</param>
public sealed class DnsRoom(ClusterTables tables, DnsOptions options, IReadOnlyList<Socket> inherited, TimeProvider time, ILogger log)
{
    private const int RetrySeconds = 2;

    // Says whose the address on lo is, as the pod routes' protocol does of those.
    private const byte AddressProtocol = 76;

    // How long the first queries may wait for the tables before they are told of a server failure; shorter than a resolver's patience (5 s, resolv.conf(5)).
    private static readonly TimeSpan TablesLimit = TimeSpan.FromSeconds(2);

    private readonly Wake _applied = new();
    private readonly TaskCompletionSource _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _configured = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _serving = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly Lock _pages = new();
    private volatile DnsExplainer? _explainer;
    private volatile DnsHandler? _handler;
    private volatile DnsConfigOutcome? _outcome;
    private DnsConfig? _config;
    private IReadOnlyList<IpAddr> _placed = [];

    /// <summary>Completes when the address stands and its sockets are open, so that a query waits for an answer instead of failing.</summary>
    public Task Serving => _serving.Task;

    /// <summary>Raised for each text of the configuration, when it is in force or rejected.</summary>
    public event Action<DnsConfigOutcome>? ConfigJudged;

    /// <summary>Raised when the API server refuses what the configuration wants of the clusterset; it is asked on.</summary>
    public event Action<DnsImportsRefusal>? ImportsRefused;

    /// <summary>What the server has done.</summary>
    public DnsCounters Counters { get; } = new(time);

    /// <summary>The port it serves.</summary>
    public int Port => options.Port;

    /// <summary>The cluster's zone, without dots at its ends.</summary>
    public string ClusterDomain => options.Zone;

    /// <summary>The plugins that cannot answer yet, as CoreDNS's <c>/ready</c> lists them; empty: it is ready.</summary>
    public IReadOnlyList<string> NotReady => _synced.Task.IsCompletedSuccessfully ? [] : ["kubernetes"];

    /// <summary>Where its pages are to be answered by HTTP, as the configuration says. Where that names no address, at the server's own and nowhere else.</summary>
    public IReadOnlyList<DnsPage> Pages { get; private set; } = [];

    /// <summary>Raised when <see cref="Pages"/> may be others.</summary>
    public event Action? PagesChanged;

    /// <summary>How it stands and what it has done, as of now.</summary>
    /// <param name="most">How many of the names at most that are asked for and do not exist.</param>
    public DnsStatus Inspect(int most) => DnsStatus.Of(Counters, Chains) with
    {
        Addresses = [.. Addresses().Select(address => $"{address}")],
        IsServing = _serving.Task.IsCompletedSuccessfully,
        IsSynced = _synced.Task.IsCompletedSuccessfully,
        Configuration = options.Corefile is { } key && tables.ConfigMaps.Get(key) is not null ? $"ConfigMap {key}" : "built-in",
        ConfigurationErrors = options.Corefile is { } known && tables.ConfigMaps.Get(known) is not null ? _outcome?.Errors ?? [] : [],
        Multicluster = MulticlusterStatus.Of(Chains, tables.ServiceImports),
        Missing = [.. Counters.Missing.Top(most).Select(one => new MissingNameStatus(one.Client.ToString(), one.Name, one.Type, one.Count, one.Excess))],
    };

    /// <summary>The configuration at work; null: it does not run yet.</summary>
    internal DnsChains? Chains => _handler?.Chains;

    /// <summary>Where to serve and ask from; null: the namespace the process runs in.</summary>
    internal NetNamespace? Namespace { get; init; }

    /// <summary>Asks the server a question in the name of a client and says why the answer is what it is; null: it does not run yet, or that is no question.</summary>
    public async Task<NameExplanation?> ExplainAsync(NameQuestion question, CancellationToken cancellationToken) =>
        _explainer is { } explainer ? await explainer.ExplainAsync(question, cancellationToken) : null;

    /// <summary>Removes from <c>lo</c> of the calling thread's network namespace the addresses that a room has left there.</summary>
    public static void CleanUp()
    {
        using var route = RouteSocket.Open();
        RemoveAddresses(route, []);
    }

    /// <summary>Serves until cancelled.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="LinuxException">The address cannot be put on <c>lo</c>.</exception>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var indexes = new ZoneIndexes(tables, options, time);
        indexes.Applied += _applied.Ring;
        indexes.Applied += () =>
        {
            if (indexes.Synced)
            {
                _synced.TrySetResult();
            }
        };
        using var changes = tables.EndpointSlices.Subscribe();
        indexes.Applied += () => Counters.Programming.Count(changes.Take(), tables.Services, time.GetUtcNow());
        tables.ServiceImports.Changed += TellOfRefusal;
        var hostUpstreams = HostUpstreams();
        using var builder = new ChainBuilder(indexes, (forward, cache) => NewForwarder(forward, cache, hostUpstreams));
        var builtIn = ChainBuilder.BuiltIn(options);
        var queries = new QueryLog(log, Counters, time);
        var handler = new DnsHandler(builder.Build(builtIn), Counters, queries);
        Use(builtIn, handler);
        _explainer = new DnsExplainer(() => handler.Chains, tables, options.Zone);
        var server = new DnsServer(handler, time, Counters, log);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var following = FollowAsync(builtIn, config =>
        {
            handler.Chains = builder.Build(config);
            Use(config, handler);
        }, ending.Token);
        Task[] loops = [indexes.RunAsync(ending.Token), following, ServeAsync(server, ending.Token), queries.RunAsync(ending.Token)];
        try
        {
            await await Task.WhenAny(loops);
        }
        finally
        {
            tables.ServiceImports.Changed -= TellOfRefusal;
            await ending.CancelAsync();
            await Task.WhenAll(loops).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private async Task FollowAsync(DnsConfig builtIn, Action<DnsConfig> use, CancellationToken cancellationToken)
    {
        if (options.Corefile is not { } key)
        {
            _configured.TrySetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
            return;
        }

        var follower = new CorefileFollower(tables.ConfigMaps, key, builtIn, use, Counters, log);
        follower.Judged += outcome =>
        {
            _outcome = outcome;
            ConfigJudged?.Invoke(outcome);
        };
        var running = follower.RunAsync(cancellationToken);
        await Task.WhenAny(running, follower.Known);
        _configured.TrySetResult();
        await running;
    }

    private void TellOfRefusal()
    {
        if (tables.ServiceImports.Refusal is { Length: > 0 } reason && options.Corefile is { } key && tables.ConfigMaps.Get(key) is { } source)
        {
            ImportsRefused?.Invoke(new DnsImportsRefusal(source, reason));
        }
    }

    private void Use(DnsConfig config, DnsHandler handler)
    {
        _handler = handler;
        SetPages(config, null);
    }

    private void SetPages(DnsConfig? config, IReadOnlyList<IpAddr>? placed)
    {
        lock (_pages)
        {
            (_config, _placed) = (config ?? _config, placed ?? _placed);
            Pages = _config is null ? [] : DnsPage.Of(_config, _placed);
        }

        PagesChanged?.Invoke();
    }

    private Func<IReadOnlyList<IPEndPoint>> HostUpstreams() =>
        options.Upstreams is { } given ? () => given : new HostUpstreams(time).Current;

    // Never asks the server itself, which a host that uses the cluster's DNS names among its own.
    private Forwarder NewForwarder(ForwardOptions forward, CacheOptions? cache, Func<IReadOnlyList<IPEndPoint>> hostUpstreams)
    {
        var others = forward with { To = [.. forward.To.Where(target => target.Address is null || !IsSelf(target.Address))] };
        return new Forwarder(others, cache, () => [.. hostUpstreams().Where(upstream => !IsSelf(upstream))], time, Counters) { Namespace = Namespace, Log = log };
    }

    private bool IsSelf(IPEndPoint upstream) => upstream.Port == options.Port && Addresses().Contains(IpAddr.From(upstream.Address));

    private async Task ServeAsync(DnsServer server, CancellationToken cancellationToken)
    {
        // Nobody is answered by another configuration than the cluster's; but not for ever, as the API server may be away.
        var limit = Task.Delay(TablesLimit, time, cancellationToken);
        if (inherited.Count > 0)
        {
            await ServeInheritedAsync(server, limit, cancellationToken);
        }
        else
        {
            await Task.WhenAny(_configured.Task, limit);
            await ServeOwnAsync(server, cancellationToken);
        }
    }

    // One server for all time, whatever becomes of the addresses: a query that it has taken out of a socket is answered by it or by nobody.
    private async Task ServeInheritedAsync(DnsServer server, Task limit, CancellationToken cancellationToken)
    {
        log.ServingInherited(inherited.Count);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var keeping = KeepAddressesAsync(both.Token);

        // What waits in the sockets is answered from whole tables.
        _serving.TrySetResult();
        await Task.WhenAny(Task.WhenAll(_synced.Task, _configured.Task), limit);
        var serving = server.RunAsync(inherited, both.Token);
        try
        {
            await await Task.WhenAny(keeping, serving);
        }
        finally
        {
            await both.CancelAsync();
            await Task.WhenAll(keeping, serving).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private async Task KeepAddressesAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var addresses = Addresses();
            PutOnLoopback(addresses);
            await AddressesChangeAsync(addresses, cancellationToken);
        }
    }

    // Serves the addresses of now; when they change, those of then.
    private async Task ServeOwnAsync(DnsServer server, CancellationToken cancellationToken)
    {
        while (true)
        {
            var addresses = Addresses();
            using var round = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var changed = AddressesChangeAsync(addresses, round.Token);
            var serving = ServeAddressesAsync(server, addresses, round.Token);
            try
            {
                await await Task.WhenAny(changed, serving);
            }
            finally
            {
                await round.CancelAsync();
                await Task.WhenAll(changed, serving).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            }
        }
    }

    private async Task ServeAddressesAsync(DnsServer server, List<IpAddr> addresses, CancellationToken cancellationToken)
    {
        PutOnLoopback(addresses);
        if (addresses.Count == 0)
        {
            log.WaitingForService(options.Service);
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
        }

        var sockets = new List<Socket>();
        try
        {
            foreach (var address in addresses)
            {
                sockets.AddRange(await BindAsync(address, cancellationToken));
            }

            log.Serving(string.Join(", ", addresses), options.Port);
            _serving.TrySetResult();
            await server.RunAsync(sockets, cancellationToken);
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
    }

    // The agent this one replaces may hold the port for another moment.
    private async Task<IReadOnlyList<Socket>> BindAsync(IpAddr address, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return Inside(() => DnsSockets.Bind(address, options.Port, DnsSockets.PerAddress));
            }
            catch (SocketException e)
            {
                log.BindFailed(address, options.Port, RetrySeconds, e.Message);
                await Task.Delay(TimeSpan.FromSeconds(RetrySeconds), time, cancellationToken);
            }
        }
    }

    private async Task AddressesChangeAsync(List<IpAddr> addresses, CancellationToken cancellationToken)
    {
        while (Addresses().SequenceEqual(addresses))
        {
            await _applied.WaitAsync(cancellationToken);
        }
    }

    private List<IpAddr> Addresses() =>
        tables.Services.Get(options.Service)?.ClusterIPs is { Count: > 0 } known ? [.. known] : [.. options.FallbackAddresses];

    private T Inside<T>(Func<T> body) => Namespace is null ? body() : Namespace.Run(body);

    private void PutOnLoopback(List<IpAddr> addresses)
    {
        using var route = Inside(RouteSocket.Open);
        route.SetUp("lo");
        var loopback = route.GetLink("lo").Index;
        foreach (var address in addresses)
        {
            route.AddAddress(new LinkAddress
            {
                Link = loopback,
                Address = address,
                Prefix = address.Family.Bits,
                NoDuplicateDetection = true,
                NeverSource = true,
                Protocol = AddressProtocol,
            });
        }

        // None: the Service is not known yet, and an earlier run's address goes on.
        if (addresses.Count > 0)
        {
            RemoveAddresses(route, addresses);
            SetPages(null, addresses);
        }
    }

    private static void RemoveAddresses(RouteSocket route, List<IpAddr> kept)
    {
        foreach (var address in route.Addresses(route.GetLink("lo").Index).Where(one => one.Protocol == AddressProtocol && !kept.Contains(one.Address)))
        {
            route.DeleteAddress(address);
        }
    }
}
