using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Config.Plugins;

/// <summary>Reads <c>transfer [ZONES…] { to ADDRESSES… }</c>.</summary>
internal static class TransferPlugin
{
    private static readonly IpNet[] Everybody = [IpNet.Parse("0.0.0.0/0"), IpNet.Parse("::/0")];

    /// <summary>The block with what the plugin says.</summary>
    public static ServerBlock Read(PluginReader reader)
    {
        var clients = new List<IpNet>();
        foreach (var option in reader.Options)
        {
            if (option.Name != "to")
            {
                reader.Unknown(option);
                continue;
            }

            reader.Expect(option, 1, int.MaxValue);
            foreach (var word in option.Arguments)
            {
                clients.AddRange(Clients(reader, option, word));
            }
        }

        if (clients.Count == 0)
        {
            reader.Error("names nobody with to");
        }

        var old = reader.Block.Transfer;
        return reader.Block with
        {
            Transfer = new TransferOptions
            {
                Zones = [.. old?.Zones ?? [], .. reader.ZonesOr(reader.Arguments, reader.Block.Zones)],
                To = [.. old?.To ?? [], .. clients],
            },
        };
    }

    private static IpNet[] Clients(PluginReader reader, CorefileDirective option, string word)
    {
        if (word == "*")
        {
            return Everybody;
        }

        if (IpNet.TryParse(word, out var range))
        {
            return [range];
        }

        if (CorefileValues.Server(word)?.Address is { } server)
        {
            return [IpNet.Single(IpAddr.From(server.Address))];
        }

        reader.Error(option, $"{CorefileProblems.Quote(word)} is neither *, an address nor a range");
        return [];
    }
}
