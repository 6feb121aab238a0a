using System.Text.Json.Nodes;
using Fairlead.Cluster;
using Fairlead.Cluster.Model;
using Fairlead.Cluster.Reflectors;
using Fairlead.Kube.Yaml;
using Fairlead.Linux.Addresses;
using Fairlead.Nftables;
using Fairlead.Nftables.Memory;
using Fairlead.Nftables.Tracing;
using Fairlead.Proxy;
using Fairlead.Proxy.Frontends;
using Fairlead.State;
using Fairlead.Testing;
using Fairlead.Testing.Nftables;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Fairlead.Tests.Proxy;

/// <summary>
/// Runs a scenario file: objects in, packets asked. Lines before the first <c>-- name --</c> are commands, what follows each such line is a document.
/// <code>
/// node NAME ZONE ADDRESSES PODRANGES          the first is the node under test; given again, it changes
/// addresses A,B               what the node's links have, for "option nodeports"
/// cidr NAME RANGES | uncidr NAME              a ServiceCIDR comes, or changes; and goes
/// apply NAME… | delete NAME…                  documents: Services and EndpointSlices
/// packet [from IFACE] [established|invalid|untracked] PROTO SRC[:PORT] -> DST:PORT => outcome [| outcome…]     each outcome some choice of endpoint leads to
/// frontend KEY => KIND SERVICE inside A,B outside A,B      one row of the table; "none" when it is absent
/// warning SERVICE => TEXT | TEXT              what of it is not served; "none"
/// empty                                       the table holds no element but the node's
/// </code>
/// </summary>
internal sealed class ProxyScenario : IAsyncDisposable
{
    private readonly string[] _commands;
    private readonly Dictionary<string, JsonObject[]> _documents = [];
    private readonly ClusterTables _tables = new();
    private readonly Table<IpAddr, NodeAddressRow> _addresses = new("node addresses");
    private readonly MemoryNft _nft = new();
    private readonly INft _used;
    private readonly FakeTimeProvider _time = new();
    private readonly bool _restarts;
    private readonly List<IpAddr> _nodeAddresses = [];
    private ProxyRoom? _room;
    private CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private string _node = "";
    private ProxyOptions? _options;

    public ProxyScenario(string text, bool faults, bool restarts)
    {
        _restarts = restarts;
        _used = faults ? new FaultyNft(_nft, number => number % 3 != 2) : _nft;
        var parts = text.Split("\n-- ");
        _commands = parts[0].Split('\n');
        foreach (var part in parts.Skip(1))
        {
            var end = part.IndexOf(" --\n", StringComparison.Ordinal);
            var nodes = YamlReader.ReadAll(new StringReader(part[(end + 4)..]));
            _documents[part[..end]] = [.. nodes.Select(node => (JsonObject)node)];
        }
    }

    public async Task RunAsync()
    {
        for (var i = 0; i < _commands.Length; i++)
        {
            var line = _commands[i].Split('#')[0].Trim();
            if (line.Length > 0)
            {
                try
                {
                    await RunLineAsync(line);
                }
                catch (Exception e) when (e is not Xunit.Sdk.XunitException || !e.Message.Contains("line", StringComparison.Ordinal))
                {
                    throw new InvalidOperationException($"line {i + 1}: {line}\n{e.Message}", e);
                }
            }
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task RunLineAsync(string line)
    {
        var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        switch (words[0])
        {
            case "node":
                AddNode(words);
                break;
            case "option":
                _options = words[1] switch
                {
                    "clusterIpFromOutside" => Options() with { ClusterIpFromOutside = true },
                    "nodeports" => Options() with { NodePortRanges = words[2].Split(',').Select(IpNet.Parse).ToValueArray() },
                    "external" => Options() with { ExternalIPRanges = words[2].Split(',').Select(IpNet.Parse).ToValueArray() },
                    _ => Options() with { ServiceRanges = words[2].Split(',').Select(IpNet.Parse).ToValueArray() },
                };
                break;
            case "addresses":
                _addresses.Replace([.. words[1].Split(',').Select(IpAddr.Parse).Select(address => KeyValuePair.Create(address, new NodeAddressRow(address)))]);
                break;
            case "cidr":
                _tables.ServiceCidrs.Upsert(words[1], new ServiceCidrRow(words[1], words[2].Split(',').Select(IpNet.Parse).ToValueArray()));
                break;
            case "uncidr":
                _tables.ServiceCidrs.Delete(words[1]);
                break;
            case "apply":
                words.Skip(1).SelectMany(name => _documents[name]).ToList().ForEach(Apply);
                break;
            case "delete":
                words.Skip(1).SelectMany(name => _documents[name]).ToList().ForEach(Delete);
                break;
            case "packet":
                await CommittedAsync();
                AskPacket(line["packet ".Length..]);
                break;
            case "frontend":
                await CommittedAsync();
                AskFrontend(line["frontend ".Length..]);
                break;
            case "warning":
                await CommittedAsync();
                AskWarning(line["warning ".Length..]);
                break;
            case "empty":
                await CommittedAsync();
                Assert.Equal([], ElementsLeft());
                break;
            default:
                throw new FormatException("no such command");
        }
    }

    private ProxyOptions Options() => _options ??= new ProxyOptions { NodeName = _node };

    private void AddNode(string[] words)
    {
        var addresses = words[3].Split(',').Select(IpAddr.Parse).ToValueArray();
        _node = _node.Length == 0 ? words[1] : _node;
        if (_node == words[1])
        {
            _nodeAddresses.Clear();
            _nodeAddresses.AddRange(addresses);
        }

        _tables.Nodes.Upsert(words[1], new NodeRow
        {
            Name = words[1],
            Labels = Fairlead.Kube.Selectors.Labels.From([new("topology.kubernetes.io/zone", words[2])]),
            InternalIPs = addresses,
            PodCIDRs = words[4].Split(',').Select(IpNet.Parse).ToValueArray(),
        });
    }

    private void Apply(JsonObject document)
    {
        if (document["kind"]!.GetValue<string>() == "Service")
        {
            var row = ServiceReader.Read(document);
            _tables.Services.Upsert(row.Key, row);
        }
        else
        {
            var row = EndpointSliceReader.Read(document);
            _tables.EndpointSlices.Upsert(row.Key, row);
        }
    }

    private void Delete(JsonObject document)
    {
        if (document["kind"]!.GetValue<string>() == "Service")
        {
            _tables.Services.Delete(ServiceReader.Read(document).Key);
        }
        else
        {
            _tables.EndpointSlices.Delete(EndpointSliceReader.Read(document).Key);
        }
    }

    private async Task CommittedAsync()
    {
        _tables.Services.MarkInitialized();
        _tables.EndpointSlices.MarkInitialized();
        _tables.Nodes.MarkInitialized();
        _tables.ServiceCidrs.MarkInitialized();
        if (_restarts || _room is null)
        {
            await StopAsync();
            _stop = new CancellationTokenSource();
            _room = new ProxyRoom(Options(), _tables, _used, deleteFlows: null, _time, NullLogger.Instance, _addresses);
            _running = _room.RunAsync(_stop.Token);
        }

        var committed = _room.WaitUntilCommittedAsync(Deadline.Token());
        while (!committed.IsCompleted && !_running.IsCompleted)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.WhenAny(committed, Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System));
        }

        await (_running.IsFaulted ? _running : committed);
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
            // How it ends.
        }
    }

    private void AskPacket(string question)
    {
        var (ask, expected) = Halves(question);
        var words = ask.Split(' ');
        var from = words[0] == "from" ? words[1] : "";
        words = from.Length > 0 ? words[2..] : words;
        var state = Enum.TryParse<Fairlead.Nftables.Values.CtState>(words[0], ignoreCase: true, out var given) ? given : Fairlead.Nftables.Values.CtState.New;
        words = state == Fairlead.Nftables.Values.CtState.New ? words : words[1..];
        var (source, sourcePort) = AddressPort(words[1]);
        var (destination, port) = AddressPort(words[3]);
        var packet = new Packet
        {
            Source = source,
            SourcePort = sourcePort,
            Destination = destination,
            DestinationPort = port,
            Protocol = Enum.Parse<IpProtocol>(words[0], ignoreCase: true),
            InInterface = from,
            State = state,
        };
        var outcomes = new SortedSet<string>(StringComparer.Ordinal);
        Trace? last = null;
        for (uint pick = 0; pick < 24; pick++)
        {
            var choice = pick;
            last = new PacketTracer(_nft.Tables.Values, Host(), modulus => choice % modulus).Trace(packet);
            outcomes.Add(last.ToString());
        }

        var wanted = expected.Split('|').Select(outcome => outcome.Trim()).Order(StringComparer.Ordinal);
        Assert.True(wanted.SequenceEqual(outcomes), $"seen {string.Join(" | ", outcomes)}\n{string.Join('\n', last!.Steps)}");
    }

    private void AskFrontend(string question)
    {
        var (key, expected) = Halves(question);
        var row = _room!.Frontends.Snapshot().FirstOrDefault(pair => pair.Key.ToString() == key).Value;
        Assert.Equal(expected, row is null ? "none" : Describe(row));
    }

    private void AskWarning(string question)
    {
        var (service, expected) = Halves(question);
        var texts = _room!.Warnings.Snapshot().FirstOrDefault(pair => pair.Key.ToString() == service).Value?.Texts ?? default;
        Assert.Equal(expected, texts.Count == 0 ? "none" : string.Join(" | ", texts));
    }

    private static string Describe(FrontendRow row)
    {
        var (frontend, outside) = (row.Frontend, row.Frontend.Outside == OutsidePolicy.Local ? string.Join(',', row.Frontend.LocalEndpoints) : row.Frontend.Outside.ToString());
        return $"{frontend.Kind} {frontend.Service} inside {string.Join(',', frontend.Endpoints)} outside {outside} {row.Status}";
    }

    private IEnumerable<string> ElementsLeft() => _nft.Tables["fairlead-proxy"].Containers.Values
        .Where(content => !content.Container.Name.StartsWith("own-pods", StringComparison.Ordinal)
            && !content.Container.Name.StartsWith("service-ranges", StringComparison.Ordinal) && content.Elements.Count > 0)
        .Select(content => content.Container.Name);

    private TraceHost Host() => new(
        _nodeAddresses.Contains,
        address => _tables.Nodes.Get(_node)!.PodCIDRs.Any(range => range.Contains(address)) ? "fl1" : "eth0");

    private static (string, string) Halves(string text)
    {
        var at = text.IndexOf("=>", StringComparison.Ordinal);
        return (text[..at].Trim(), text[(at + 2)..].Trim());
    }

    private static (IpAddr, ushort) AddressPort(string text)
    {
        if (IpAddr.TryParse(text, out var plain))
        {
            return (plain, 40_000);
        }

        var colon = text.LastIndexOf(':');
        return (IpAddr.Parse(text[..colon].Trim('[', ']')), ushort.Parse(text[(colon + 1)..]));
    }
}
