using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Config.Plugins;

/// <summary>The plugins of one line or little more.</summary>
internal static class SmallPlugins
{
    /// <summary>A plugin that is always so here.</summary>
    public static ServerBlock Accept(PluginReader reader) => reader.Block;

    /// <summary><c>any</c>.</summary>
    public static ServerBlock Any(PluginReader reader)
    {
        reader.Expect(0, 0);
        reader.ExpectNoOptions();
        return reader.Block with { MinimizesAny = true };
    }

    /// <summary><c>autopath @kubernetes</c>; the other form names a file of CoreDNS's pod.</summary>
    public static ServerBlock Autopath(PluginReader reader)
    {
        reader.ExpectNoOptions();
        if (reader.Arguments is not ["@kubernetes"])
        {
            reader.Error("only @kubernetes is served, for all zones of the block: a search path of a file would be that of CoreDNS's pod");
        }

        return reader.Block with { Autopath = true };
    }

    /// <summary><c>bufsize [SIZE]</c>.</summary>
    public static ServerBlock BufSize(PluginReader reader)
    {
        reader.ExpectNoOptions();
        if (!reader.Expect(0, 1) || reader.Arguments.Count == 0)
        {
            return reader.Block;
        }

        if (CorefileValues.Number(reader.Arguments[0], DnsQuery.MinUdp, 4096) is not { } size)
        {
            reader.Error($"{CorefileProblems.Quote(reader.Arguments[0])} is no number from {DnsQuery.MinUdp} to 4096");
            return reader.Block;
        }

        if (size > DnsQuery.MaxUdp)
        {
            reader.Warn($"answers by UDP stay below {DnsQuery.MaxUdp} bytes, which no link cuts");
        }

        return reader.Block with { UdpSize = Math.Min(size, DnsQuery.MaxUdp) };
    }

    /// <summary><c>errors { consolidate DURATION REGEXP [LEVEL]; stacktrace }</c>: failures are counted, always.</summary>
    public static ServerBlock Errors(PluginReader reader)
    {
        foreach (var option in reader.Options)
        {
            if (option.Name is not ("consolidate" or "stacktrace" or "show_first"))
            {
                reader.Unknown(option);
            }
        }

        return reader.Block;
    }

    /// <summary><c>health [ADDRESS] { lameduck DURATION }</c>.</summary>
    public static ServerBlock Health(PluginReader reader)
    {
        foreach (var option in reader.Options)
        {
            if (option.Name != "lameduck")
            {
                reader.Unknown(option);
            }
            else if (reader.Expect(option, 1, 1))
            {
                // CoreDNS serves on for so long after SIGTERM, healthy but not ready, that clients are led to another pod. Here there is no other: the node's own
                // agent answers its address, and waiting would only put off the one that follows.
                reader.Duration(option, 0, default);
            }
        }

        return reader.Block with { Health = Page(reader, ":8080") };
    }

    /// <summary><c>loadbalance [round_robin]</c>.</summary>
    public static ServerBlock LoadBalance(PluginReader reader)
    {
        reader.ExpectNoOptions();
        if (reader.Arguments is not ([] or ["round_robin"]))
        {
            reader.Error($"only round_robin is served, not {CorefileProblems.Quote(reader.Arguments[0])}");
        }

        return reader.Block with { RoundRobin = true };
    }

    /// <summary><c>log [NAMES…] [FORMAT] { class CLASSES… }</c>.</summary>
    public static ServerBlock Log(PluginReader reader)
    {
        if (reader.Arguments.Count > 0)
        {
            reader.Warn("names and formats have no effect: every query of the block is logged, in one format");
        }

        var classes = AnswerClasses.None;
        foreach (var option in reader.Options)
        {
            if (option.Name != "class")
            {
                reader.Unknown(option);
                continue;
            }

            foreach (var word in option.Arguments)
            {
                classes |= Class(word) ?? AnswerClasses.None;
                if (Class(word) is null)
                {
                    reader.Error(option, $"{CorefileProblems.Quote(word)} is none of all, success, denial and error");
                }
            }
        }

        return reader.Block with { Logs = reader.Block.Logs | (classes == AnswerClasses.None ? AnswerClasses.All : classes) };
    }

    /// <summary><c>loop</c>.</summary>
    public static ServerBlock Loop(PluginReader reader)
    {
        reader.Expect(0, 0);
        reader.ExpectNoOptions();
        return reader.Block;
    }

    /// <summary><c>prometheus [ADDRESS]</c>.</summary>
    public static ServerBlock Prometheus(PluginReader reader) => reader.Block with { Metrics = Page(reader, "localhost:9153") };

    /// <summary><c>ready [ADDRESS] { monitor MODE }</c>.</summary>
    public static ServerBlock Ready(PluginReader reader) => reader.Block with { Ready = Page(reader, ":8181") };

    /// <summary><c>reload [INTERVAL] [JITTER]</c>: changes come by a watch, at once.</summary>
    public static ServerBlock Reload(PluginReader reader)
    {
        reader.ExpectNoOptions();
        if (reader.Expect(0, 2))
        {
            foreach (var word in reader.Arguments.Where(word => CorefileValues.Duration(word) is null))
            {
                reader.Error($"{CorefileProblems.Quote(word)} is no time, such as 30s");
            }
        }

        return reader.Block;
    }

    private static PageAddress? Page(PluginReader reader, string usual)
    {
        if (!reader.Expect(0, 1))
        {
            return null;
        }

        var text = reader.Arguments.Count == 0 ? usual : reader.Arguments[0];
        var page = PageAddress.Parse(text);
        if (page is null)
        {
            reader.Error($"{CorefileProblems.Quote(text)} is no address and port, such as {usual}");
        }

        return page;
    }

    private static AnswerClasses? Class(string word) => word switch
    {
        "all" => AnswerClasses.All,
        "success" => AnswerClasses.Success,
        "denial" => AnswerClasses.Denial,
        "error" => AnswerClasses.Error,
        _ => null,
    };
}
