using Fairlead.Linux.Addresses;

namespace Fairlead.Dns.Config.Plugins;

/// <summary>Reads <c>transfer [ZONES…] { to ADDRESS[:PORT]|RANGE|*… }</c>.</summary>
internal static class TransferPlugin
{
    private static readonly IpNet[] Everybody = [IpNet.Parse("0.0.0.0/0"), IpNet.Parse("::/0")];

    /// <summary>The block with what the plugin says.</summary>
    public static ServerBlock Read(PluginReader reader)
    {
        var zones = reader.ZonesOr(reader.Arguments, reader.Block.Zones);
        var to = new List<IpNet>();
        foreach (var option in reader.Options)
        {
            if (option.Name != "to")
            {
                reader.Unknown(option);
            }
            else if (reader.Expect(option, 1, int.MaxValue))
            {
                to.AddRange(option.Arguments.SelectMany(word => To(reader, option, word)));
            }
        }

        if (!reader.Options.Any(option => option.Name == "to"))
        {
            reader.Error("needs a line \"to\": who may have the zone");
        }

        return reader.Block with { Transfers = [.. reader.Block.Transfers, new TransferOptions { Zones = zones, To = [.. to] }] };
    }

    private static IpNet[] To(PluginReader reader, CorefileDirective option, string word)
    {
        if (word == "*")
        {
            return Everybody;
        }

        if (IpNet.TryParse(word, out var range))
        {
            return [range];
        }

        if (CorefileValues.Server(word) is { Tls: false, Address: { } server })
        {
            reader.Warn(option, $"{word} may have the zone, but is not told of changes (NOTIFY): it finds them by the SOA");
            return [IpNet.Single(IpAddr.From(server.Address))];
        }

        reader.Error(option, $"{CorefileProblems.Quote(word)} is no address, no range of addresses and not *");
        return [];
    }
}
