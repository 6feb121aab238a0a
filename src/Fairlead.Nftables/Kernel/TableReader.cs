using System.Collections.Immutable;
using System.Text;
using Fairlead.Linux;
using Fairlead.Linux.Netlink;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Rulesets;

namespace Fairlead.Nftables.Kernel;

/// <summary>
/// Reads a table back. Chains, sets, rules and elements are separate dumps; the generation number before and after tells whether they belong together.
/// </summary>
internal sealed class TableReader(NetlinkSocket socket)
{
    private const int Attempts = 16;

    /// <summary>The kernel's generation: it grows with every commit of anybody in this network namespace.</summary>
    public uint Generation()
    {
        using var request = Request(Wire.NFT_MSG_GETGEN, NetlinkFlags.Ack, null);
        var generation = socket.Get(request, "get nf_tables generation", message =>
        {
            foreach (var attribute in message.Attributes<NfGenMsg>())
            {
                if (attribute.Type == 1)
                {
                    return new StrongGeneration(attribute.U32Be);
                }
            }

            return null;
        });
        return generation?.Number ?? throw new InvalidDataException("nf_tables gave no generation");
    }

    public Ruleset? Read(Table table, CancellationToken cancellationToken) => Checked(table, () =>
    {
        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var before = Generation();
            if (TryRead(table, isRough: false, out var ruleset) && Generation() == before)
            {
                return ruleset;
            }
        }

        throw new NftException($"read {table.Title}: it changed during every reading", (int)Errno.EINTR);
    });

    /// <summary>In one pass: what changes meanwhile may be missing, or as it was before.</summary>
    public Ruleset? ReadRoughly(Table table) => Checked(table, () =>
    {
        TryRead(table, isRough: true, out var ruleset);
        return ruleset;
    });

    /// <summary>What the counters of the chains have counted.</summary>
    public Dictionary<string, long> CountedPackets(Table table, IReadOnlyList<string> chains) => Checked(table, () =>
    {
        var counted = new Dictionary<string, long>();
        foreach (var chain in chains)
        {
            using var request = Request(Wire.NFT_MSG_GETRULE, NetlinkFlags.Dump, table.Name);
            request.Text(Wire.NFTA_RULE_CHAIN, chain);
            foreach (var packets in socket.Dump(request, $"list {table.Title} {chain}", CounterReader.Packets))
            {
                counted[chain] = counted.GetValueOrDefault(chain) + packets.Number;
            }
        }

        return counted;
    });

    private static T Checked<T>(Table table, Func<T> read)
    {
        if (table.Problem() is { } problem)
        {
            throw new NftException(problem);
        }

        try
        {
            return read();
        }
        catch (LinuxException e)
        {
            throw new NftException($"read {table.Title}: {e.Message}", (int)e.Errno);
        }
        catch (InvalidDataException e)
        {
            throw new NftException($"read {table.Title}: it holds something we did not write: {e.Message}") { IsForeign = true };
        }
    }

    /// <summary>Every chain of every table, of whatever family.</summary>
    public List<ChainListing> Chains()
    {
        using var request = new NetlinkWriter();
        request.Begin(Wire.Message(Wire.NFT_MSG_GETCHAIN), NetlinkFlags.Dump);
        request.Header(new NfGenMsg(Wire.NFPROTO_UNSPEC, 0));
        return socket.Dump(request, "list chains", ListedChain);
    }

    /// <summary>False when a listing was not whole; a table that does not exist is null.</summary>
    private bool TryRead(Table table, bool isRough, out Ruleset? ruleset)
    {
        ruleset = null;
        using (var request = Request(Wire.NFT_MSG_GETTABLE, NetlinkFlags.Ack, table.Name))
        {
            if (socket.Get(request, $"get {table.Title}", _ => table) is null)
            {
                return true;
            }
        }

        var containers = ImmutableSortedDictionary.CreateBuilder<string, ContainerContent>(StringComparer.Ordinal);
        foreach (var (container, count) in Dump(Wire.NFT_MSG_GETSET, table, isRough, message => ContainerReader.Read(message, table.Name)))
        {
            if (Elements(table, container, count, isRough) is not { } elements)
            {
                return false;
            }

            containers[container.Name] = new ContainerContent(container, elements);
        }

        var chains = Dump(Wire.NFT_MSG_GETCHAIN, table, isRough, message => ReadChain(message, table.Name));
        var rules = Dump(Wire.NFT_MSG_GETRULE, table, isRough, message => ReadRule(message, table.Name, name => containers.GetValueOrDefault(name)?.Container))
            .ToLookup(rule => rule.Chain, StringComparer.Ordinal);
        ruleset = new Ruleset(
            table,
            chains.ToImmutableSortedDictionary(chain => chain.Name, chain => new ChainContent(chain, [.. rules[chain.Name]]), StringComparer.Ordinal),
            containers.ToImmutable());
        return true;
    }

    private Dictionary<Datum, Element>? Elements(Table table, Container container, uint? count, bool isRough)
    {
        using var request = Request(Wire.NFT_MSG_GETSETELEM, NetlinkFlags.Dump, table.Name);
        request.Text(Wire.NFTA_SET_ELEM_LIST_SET, container.Name);
        var lists = Dump(request, $"list elements of {container.Title}", isRough, message => ElementReader.Read(message, container));
        return ElementReader.Join(lists, container, count, isRough);
    }

    private List<T> Dump<T>(ushort type, Table table, bool isRough, NetlinkParser<T> parse)
        where T : class
    {
        using var request = Request(type, NetlinkFlags.Dump, table.Name);
        return Dump(request, $"list {table.Title}", isRough, parse);
    }

    private List<T> Dump<T>(NetlinkWriter request, string operation, bool isRough, NetlinkParser<T> parse)
        where T : class => isRough ? socket.DumpRoughly(request, operation, parse) : socket.Dump(request, operation, parse);

    private static NetlinkWriter Request(ushort type, NetlinkFlags flags, string? table)
    {
        var writer = new NetlinkWriter();
        writer.Begin(Wire.Message(type), flags);
        writer.Header(new NfGenMsg(Wire.NFPROTO_INET, 0));
        if (table is not null)
        {
            writer.Text(Wire.NFTA_TABLE, table);
        }

        return writer;
    }

    public static Chain? ReadChain(NetlinkMessage message, string table)
    {
        var (owner, name, type) = ("", "", "");
        var (hook, priority, policy) = (-1, 0, 1u);
        foreach (var attribute in message.Attributes<NfGenMsg>())
        {
            switch (attribute.Type)
            {
                case Wire.NFTA_TABLE:
                    owner = attribute.Text;
                    break;
                case Wire.NFTA_CHAIN_NAME:
                    name = attribute.Text;
                    break;
                case Wire.NFTA_CHAIN_HOOK:
                    (hook, priority) = ReadHook(attribute.Nested);
                    break;
                case Wire.NFTA_CHAIN_POLICY:
                    policy = attribute.U32Be;
                    break;
                case Wire.NFTA_CHAIN_TYPE:
                    type = attribute.Text;
                    break;
            }
        }

        if (owner != table)
        {
            return null;
        }

        return new Chain(name, hook < 0 ? null : new BaseChain(TypeOf(type), (Hook)hook, priority, policy == 0));
    }

    private static ChainListing ListedChain(NetlinkMessage message)
    {
        var family = message.Header<NfGenMsg>().Family;
        var (table, name, hook, policy) = ("", "", -1, 1u);
        foreach (var attribute in message.Attributes<NfGenMsg>())
        {
            switch (attribute.Type)
            {
                case Wire.NFTA_TABLE:
                    table = attribute.Text;
                    break;
                case Wire.NFTA_CHAIN_NAME:
                    name = attribute.Text;
                    break;
                case Wire.NFTA_CHAIN_HOOK:
                    hook = ReadHook(attribute.Nested).Hook;
                    break;
                case Wire.NFTA_CHAIN_POLICY:
                    policy = attribute.U32Be;
                    break;
            }
        }

        var known = Wire.FamilyName(family) is "inet" or "ip" or "ip6" && hook >= 0;
        return new ChainListing(Wire.FamilyName(family), table, name, known ? (Hook)hook : null, hook >= 0 && policy == 0);
    }

    private static ChainType TypeOf(string name) =>
        Enum.TryParse<ChainType>(name, ignoreCase: true, out var type) ? type : throw new InvalidDataException($"chain type {name}");

    private static (int Hook, int Priority) ReadHook(NetlinkAttributes nested)
    {
        var (hook, priority) = (-1, 0);
        foreach (var attribute in nested)
        {
            switch (attribute.Type)
            {
                case Wire.NFTA_HOOK_HOOKNUM:
                    hook = (int)attribute.U32Be;
                    break;
                case Wire.NFTA_HOOK_PRIORITY:
                    priority = (int)attribute.U32Be;
                    break;
            }
        }

        return (hook, priority);
    }

    public static Rule? ReadRule(NetlinkMessage message, string table, Func<string, Container?> containers)
    {
        var (owner, chain, comment) = ("", "", "");
        List<Instruction> code = [];
        foreach (var attribute in message.Attributes<NfGenMsg>())
        {
            switch (attribute.Type)
            {
                case Wire.NFTA_TABLE:
                    owner = attribute.Text;
                    break;
                case Wire.NFTA_RULE_CHAIN:
                    chain = attribute.Text;
                    break;
                case Wire.NFTA_RULE_EXPRESSIONS when owner == table:
                    code = InstructionReader.Read(attribute.Nested);
                    break;
                case Wire.NFTA_RULE_USERDATA:
                    comment = Comment(attribute.Value);
                    break;
            }
        }

        return owner == table ? new Rule(chain, RuleDecompiler.Decompile(code, containers)) { Comment = comment } : null;
    }

    /// <summary>The comment among user data: records of type, length, bytes.</summary>
    public static string Comment(ReadOnlySpan<byte> data)
    {
        while (data.Length >= 2 && data.Length >= 2 + data[1])
        {
            if (data[0] == Wire.UDATA_COMMENT)
            {
                return Encoding.ASCII.GetString(data.Slice(2, data[1]).TrimEnd((byte)0));
            }

            data = data[(2 + data[1])..];
        }

        return "";
    }

    private sealed record StrongGeneration(uint Number);
}
