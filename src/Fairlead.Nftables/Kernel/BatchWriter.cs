using System.Diagnostics;
using System.Text;
using Fairlead.Linux.Netlink;
using Fairlead.Nftables.Expressions;
using Fairlead.Nftables.Objects;
using Fairlead.Nftables.Transactions;

namespace Fairlead.Nftables.Kernel;

/// <summary>
/// One transaction as one nfnetlink batch. Only the last message asks for an acknowledgement: errors come anyway, and a batch of a hundred thousand
/// acknowledgements would overrun the receive queue.
/// </summary>
internal sealed class BatchWriter
{
    private const int ChunkBytes = 60 * 1024;

    private readonly NetlinkWriter _writer;
    private readonly string _table;
    private readonly List<Operation> _origins = [];
    private readonly List<(ushort Type, NetlinkFlags Flags, Operation Origin, Action<NetlinkWriter> Body)> _messages = [];
    private uint _setId;

    private BatchWriter(NetlinkWriter writer, string table)
    {
        _writer = writer;
        _table = table;
    }

    /// <summary>Writes the batch; returns which operation each message belongs to, message 1 first (0 is the batch's begin).</summary>
    public static IReadOnlyList<Operation> Write(NetlinkWriter writer, Transaction transaction)
    {
        var batch = new BatchWriter(writer, transaction.Table.Name);
        foreach (var operation in transaction.Operations)
        {
            batch.Plan(operation);
        }

        batch.Emit();
        return batch._origins;
    }

    private void Emit()
    {
        Marker(Wire.NFNL_MSG_BATCH_BEGIN);
        for (var i = 0; i < _messages.Count; i++)
        {
            var (type, flags, origin, body) = _messages[i];
            _writer.Begin(Wire.Message(type), flags | (i == _messages.Count - 1 ? NetlinkFlags.Ack : NetlinkFlags.None));
            _writer.Header(new NfGenMsg(Wire.NFPROTO_INET, 0));
            _writer.Text(Wire.NFTA_TABLE, _table);
            body(_writer);
            _origins.Add(origin);
        }

        Marker(Wire.NFNL_MSG_BATCH_END);
    }

    private void Marker(ushort type)
    {
        _writer.Begin(type, NetlinkFlags.None);
        _writer.Header(new NfGenMsg(0, Wire.NFNL_SUBSYS_NFTABLES));
    }

    private void Plan(Operation operation)
    {
        switch (operation.Object)
        {
            case Table:
                PlanTable(operation);
                break;
            case Chain chain:
                PlanNamed(
                    operation, Wire.NFT_MSG_NEWCHAIN, Wire.NFT_MSG_DELCHAIN, writer => WriteChain(writer, chain),
                    writer => writer.Text(Wire.NFTA_CHAIN_NAME, chain.Name),
                    () => Message(Wire.NFT_MSG_DELRULE, NetlinkFlags.None, operation, writer => writer.Text(Wire.NFTA_RULE_CHAIN, chain.Name)));
                break;
            case Container container:
                var id = ++_setId;
                PlanNamed(
                    operation, Wire.NFT_MSG_NEWSET, Wire.NFT_MSG_DELSET, writer => ContainerWriter.Write(writer, container, id),
                    writer => writer.Text(Wire.NFTA_SET_NAME, container.Name),
                    () => Message(
                        Wire.NFT_MSG_DELSETELEM, NetlinkFlags.None, operation,
                        writer => writer.Text(Wire.NFTA_SET_ELEM_LIST_SET, container.Name)));
                break;
            case Rule rule:
                Message(
                    Wire.NFT_MSG_NEWRULE, NetlinkFlags.Create | (operation.Verb == Verb.Insert ? NetlinkFlags.None : NetlinkFlags.Append), operation,
                    writer => WriteRule(writer, rule));
                break;
            case Elements elements:
                PlanElements(operation, elements);
                break;
            default:
                throw new UnreachableException();
        }
    }

    private void PlanTable(Operation operation) => PlanNamed(
        operation, Wire.NFT_MSG_NEWTABLE, Wire.NFT_MSG_DELTABLE, _ => { }, _ => { },
        () => Message(Wire.NFT_MSG_DELRULE, NetlinkFlags.None, operation, _ => { }));

    /// <summary>Destroy is add and delete, because kernels before 6.3 have no word for it.</summary>
    private void PlanNamed(
        Operation operation, ushort make, ushort remove, Action<NetlinkWriter> definition, Action<NetlinkWriter> name, Action flush)
    {
        switch (operation.Verb)
        {
            case Verb.Add:
                Message(make, NetlinkFlags.Create, operation, definition);
                break;
            case Verb.Create:
                Message(make, NetlinkFlags.Create | NetlinkFlags.Exclusive, operation, definition);
                break;
            case Verb.Delete:
                Message(remove, NetlinkFlags.None, operation, name);
                break;
            case Verb.Destroy:
                Message(make, NetlinkFlags.Create, operation, definition);
                Message(remove, NetlinkFlags.None, operation, name);
                break;
            default:
                flush();
                break;
        }
    }

    private void PlanElements(Operation operation, Elements elements)
    {
        var isDelete = operation.Verb == Verb.Delete;
        var flags = isDelete ? NetlinkFlags.None
            : operation.Verb == Verb.Create ? NetlinkFlags.Create | NetlinkFlags.Exclusive
            : NetlinkFlags.Create;
        var perChunk = Math.Max(1, ChunkBytes / ElementWriter.MaxBytes(elements.Container));
        for (var start = 0; start < elements.Items.Count; start += perChunk)
        {
            var (from, to) = (start, Math.Min(start + perChunk, elements.Items.Count));
            Message(
                isDelete ? Wire.NFT_MSG_DELSETELEM : Wire.NFT_MSG_NEWSETELEM, flags, operation,
                writer => ElementWriter.Write(writer, elements, from, to, isDelete));
        }
    }

    private void Message(ushort type, NetlinkFlags flags, Operation origin, Action<NetlinkWriter> body) => _messages.Add((type, flags, origin, body));

    private static void WriteChain(NetlinkWriter writer, Chain chain)
    {
        writer.Text(Wire.NFTA_CHAIN_NAME, chain.Name);
        if (chain.Base is { } hook)
        {
            var nested = writer.BeginNested(Wire.NFTA_CHAIN_HOOK);
            writer.U32Be(Wire.NFTA_HOOK_HOOKNUM, (uint)hook.Hook);
            writer.U32Be(Wire.NFTA_HOOK_PRIORITY, (uint)hook.Priority);
            writer.EndNested(nested);
            writer.U32Be(Wire.NFTA_CHAIN_POLICY, (uint)Wire.CodeOf(hook.DropsByDefault ? VerdictKind.Drop : VerdictKind.Accept));
            writer.Text(Wire.NFTA_CHAIN_TYPE, hook.Type.ToString().ToLowerInvariant());
        }
    }

    private static void WriteRule(NetlinkWriter writer, Rule rule)
    {
        writer.Text(Wire.NFTA_RULE_CHAIN, rule.Chain);
        var list = writer.BeginNested(Wire.NFTA_RULE_EXPRESSIONS);
        foreach (var instruction in RuleCompiler.Compile(rule))
        {
            InstructionWriter.Write(writer, instruction);
        }

        writer.EndNested(list);
        Comment(writer, Wire.NFTA_RULE_USERDATA, rule.Comment);
    }

    /// <summary>A comment as user data: type, length with the closing zero, text.</summary>
    public static void Comment(NetlinkWriter writer, ushort attribute, string comment)
    {
        if (comment.Length > 0)
        {
            Span<byte> data = stackalloc byte[comment.Length + 3];
            data.Clear();
            data[0] = Wire.UDATA_COMMENT;
            data[1] = (byte)(comment.Length + 1);
            Encoding.ASCII.GetBytes(comment, data[2..]);
            writer.Bytes(attribute, data);
        }
    }
}
