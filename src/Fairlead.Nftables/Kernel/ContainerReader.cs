using Fairlead.Linux.Netlink;
using Fairlead.Nftables.Objects;

namespace Fairlead.Nftables.Kernel;

/// <summary>The definition of a set or map from netlink attributes: the inverse of <see cref="ContainerWriter"/>.</summary>
internal static class ContainerReader
{
    /// <summary>A definition as listed, with the number of elements if the kernel tells.</summary>
    internal sealed record Listed(Container Container, uint? Count);

    public static Listed? Read(NetlinkMessage message, string table)
    {
        var (owner, name) = ("", "");
        var (flags, keyType, valueType, size, milliseconds) = (0u, 0u, 0u, 0u, 0ul);
        uint? count = null;
        foreach (var attribute in message.Attributes<NfGenMsg>())
        {
            switch (attribute.Type)
            {
                case Wire.NFTA_TABLE:
                    owner = attribute.Text;
                    break;
                case Wire.NFTA_SET_NAME:
                    name = attribute.Text;
                    break;
                case Wire.NFTA_SET_FLAGS:
                    flags = attribute.U32Be;
                    break;
                case Wire.NFTA_SET_KEY_TYPE:
                    keyType = attribute.U32Be;
                    break;
                case Wire.NFTA_SET_DATA_TYPE:
                    valueType = attribute.U32Be;
                    break;
                case Wire.NFTA_SET_DESC:
                    size = SizeOf(attribute.Nested);
                    break;
                case Wire.NFTA_SET_TIMEOUT:
                    milliseconds = attribute.U64Be;
                    break;
                case Wire.NFTA_SET_COUNT:
                    count = attribute.U32Be;
                    break;
            }
        }

        return owner == table ? new Listed(Make(name, flags, keyType, valueType, size, milliseconds), count) : null;
    }

    private static Container Make(string name, uint flags, uint keyType, uint valueType, uint size, ulong milliseconds)
    {
        const ContainerFlags Known = ContainerFlags.Interval | ContainerFlags.Timeout | ContainerFlags.Dynamic;
        if ((flags & ~((uint)Known | Wire.NFT_SET_MAP | Wire.NFT_SET_CONCAT)) != 0)
        {
            throw new InvalidDataException($"set {name} has flags 0x{flags:x}");
        }

        var key = TypesOf(name, keyType);
        Container container = (flags & Wire.NFT_SET_MAP) == 0 ? new Set(name, key)
            : valueType == Wire.NFT_DATA_VERDICT ? Map.OfVerdicts(name, key)
            : new Map(name, key, TypesOf(name, valueType));
        return container with
        {
            Flags = (ContainerFlags)flags & Known,
            Size = size,
            Timeout = milliseconds == 0 ? null : Wire.Duration(milliseconds),
        };
    }

    private static Seq<FieldType> TypesOf(string name, uint number) =>
        ContainerWriter.TypesOf(number) ?? throw new InvalidDataException($"set {name} has fields of type 0x{number:x}");

    private static uint SizeOf(NetlinkAttributes description)
    {
        foreach (var attribute in description)
        {
            if (attribute.Type == Wire.NFTA_SET_DESC_SIZE)
            {
                return attribute.U32Be;
            }
        }

        return 0;
    }
}
