using Fairlead.Dns.Config.Plugins;

namespace Fairlead.Dns.Config;

/// <summary>What became of a text: a configuration, or the errors that it has instead.</summary>
/// <param name="Config">The configuration; null when there are errors.</param>
/// <param name="Errors">All that is wrong, each with its line.</param>
/// <param name="Warnings">What is read and has no effect.</param>
internal sealed record CorefileReading(DnsConfig? Config, IReadOnlyList<string> Errors, IReadOnlyList<string> Warnings);

/// <summary>
/// Reads CoreDNS's configuration. It never fails: whatever a text says is either understood or named, with its line. All errors are named, not the first alone.
/// </summary>
internal static class Corefile
{
    /// <summary>Key of the ConfigMap.</summary>
    public const string Key = "Corefile";

    // What a ConfigMap holds at most (core/v1: 1 MiB).
    private const int MostText = 1 << 20;
    private const int DnsPort = 53;
    private static readonly IReadOnlyDictionary<string, string> NoFiles = new Dictionary<string, string>();

    /// <summary>The meaning of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="files">Files beside it: the other keys of its ConfigMap.</param>
    public static CorefileReading Read(string text, IReadOnlyDictionary<string, string>? files = null)
    {
        var problems = new CorefileProblems();
        var blocks = new List<ServerBlock>();
        if (text.Length > MostText)
        {
            problems.Error(0, $"longer than {MostText} characters");
        }
        else
        {
            var tokens = new CorefileLexer(text, problems).Read();
            RefuseVariables(tokens, problems);
            var zones = new Dictionary<(string Zone, int Port), int>();
            foreach (var block in new CorefileParser(tokens, problems).Parse())
            {
                blocks.AddRange(Block(block, zones, files ?? NoFiles, problems));
            }

            if (!problems.Any && !blocks.Any(block => block.Port == DnsPort))
            {
                problems.Error(0, $"no server block for port {DnsPort}");
            }
        }

        var config = problems.Any ? null : new DnsConfig { Blocks = [.. blocks.Where(block => block.Port == DnsPort)] };
        return new CorefileReading(config, problems.Errors, problems.Warnings);
    }

    // CoreDNS would put its own process's variables there.
    private static void RefuseVariables(List<CorefileToken> tokens, CorefileProblems problems)
    {
        foreach (var token in tokens)
        {
            if (token.Text.Contains("{$", StringComparison.Ordinal) || token.Text.Contains("{%", StringComparison.Ordinal))
            {
                problems.Error(token.Line, $"{CorefileProblems.Quote(token.Text)}: the environment of CoreDNS's pod is not here; write the value");
            }
        }
    }

    // Keys with different ports are as many servers with the same plugins.
    private static List<ServerBlock> Block(
        CorefileBlock block, Dictionary<(string Zone, int Port), int> known, IReadOnlyDictionary<string, string> files, CorefileProblems problems)
    {
        var byPort = new SortedDictionary<int, List<string>>();
        foreach (var key in block.Keys)
        {
            if (ZonesOf(key, problems) is not { } read)
            {
                continue;
            }

            foreach (var zone in read.Zones)
            {
                if (!known.TryAdd((zone, read.Port), key.Line))
                {
                    problems.Error(key.Line, $"zone {CorefileProblems.Quote(zone.Length == 0 ? "." : zone)} has a block already, on line {known[(zone, read.Port)]}");
                }
            }

            byPort[read.Port] = [.. byPort.GetValueOrDefault(read.Port) ?? [], .. read.Zones];
            if (read.Port != DnsPort)
            {
                problems.Warn(key.Line, $"{CorefileProblems.Quote(key.Text)}: port {read.Port} is not served, only {DnsPort}");
            }
        }

        if (byPort.Count == 0)
        {
            // For what is wrong in it.
            Plugins(block, new ServerBlock { Zones = [""] }, files, problems);
        }

        return [.. byPort.Select(pair => Plugins(block, new ServerBlock { Zones = [.. pair.Value], Port = pair.Key }, files, problems))];
    }

    private static ServerBlock Plugins(CorefileBlock block, ServerBlock server, IReadOnlyDictionary<string, string> files, CorefileProblems problems)
    {
        var seen = new Dictionary<string, int>();
        foreach (var plugin in block.Plugins)
        {
            server = PluginTable.Read(plugin, server, seen, files, problems);
        }

        if (server.Autopath && server.Kubernetes is null)
        {
            problems.Error(seen["autopath"], "plugin \"autopath\": there is no plugin kubernetes in this block");
        }

        return server;
    }

    // [dns://]ZONE[:PORT]
    private static (IReadOnlyList<string> Zones, int Port)? ZonesOf(CorefileToken key, CorefileProblems problems)
    {
        var text = key.Text;
        if (text.IndexOf("://", StringComparison.Ordinal) is var scheme and >= 0)
        {
            if (!text.StartsWith("dns://", StringComparison.Ordinal))
            {
                problems.Error(key.Line, $"{CorefileProblems.Quote(text)}: only dns:// is served, by UDP and TCP");
                return null;
            }

            text = text[(scheme + 3)..];
        }

        var port = DnsPort;
        if (text.LastIndexOf(':') is var colon and >= 0 && CorefileValues.Number(text[(colon + 1)..], 1, ushort.MaxValue) is { } given)
        {
            (text, port) = (text[..colon], given);
        }

        if (CorefileValues.Zones(text) is { } zones)
        {
            return (zones, port);
        }

        problems.Error(key.Line, $"{CorefileProblems.Quote(key.Text)} is no zone");
        return null;
    }
}
