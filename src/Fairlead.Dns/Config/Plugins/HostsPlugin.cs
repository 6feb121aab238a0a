using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Dns.Config.Plugins;

/// <summary>Reads <c>hosts [FILE [ZONES…]] { … }</c>.</summary>
internal static class HostsPlugin
{
    // What CoreDNS reads when no file is named. In a pod it names the pod alone.
    private const string PodsOwnFile = "/etc/hosts";

    /// <summary>The block with what the plugin says.</summary>
    public static ServerBlock Read(PluginReader reader)
    {
        var entries = new List<HostsEntry>();
        if (reader.Arguments.Count > 0)
        {
            ReadFile(reader, reader.Arguments[0], entries);
        }

        var options = new HostsOptions { Zones = reader.ZonesOr([.. reader.Arguments.Skip(1)], reader.Block.Zones) };
        foreach (var option in reader.Options)
        {
            options = Option(reader, option, options, entries);
        }

        return reader.Block with { Hosts = options with { Entries = entries.ToValueArray() } };
    }

    private static HostsOptions Option(PluginReader reader, CorefileDirective option, HostsOptions options, List<HostsEntry> entries)
    {
        switch (option.Name)
        {
            case "ttl":
                reader.Expect(option, 1, 1);
                return options with { Ttl = (uint)reader.Number(option, 0, 1, 65535, 3600) };
            case "no_reverse":
                reader.Expect(option, 0, 0);
                return options with { NoReverse = true };
            case "fallthrough":
                return options with { Fallthrough = reader.ZonesOr(option.Arguments, [""]) };
            case "reload":
                // The text and the files beside it come by a watch: nothing is ever read again by the clock.
                reader.Expect(option, 1, 1);
                reader.Duration(option, 0, default);
                return options;
            default:
                if (IpAddr.TryParse(option.Name, out var address))
                {
                    AddEntry(address, option.Arguments, entries, text => reader.Error(option, text));
                }
                else
                {
                    reader.Unknown(option);
                }

                return options;
        }
    }

    // Files of the text's own ConfigMap stand beside it in CoreDNS's pod.
    private static void ReadFile(PluginReader reader, string path, List<HostsEntry> entries)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        if (path == PodsOwnFile)
        {
            reader.Warn($"{PodsOwnFile} of CoreDNS's pod is not here; it is not read");
        }
        else if (reader.Files.TryGetValue(name, out var text))
        {
            foreach (var line in text.Split('\n'))
            {
                var words = line.Split('#')[0].Split((char[])[' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
                if (words.Length > 1 && IpAddr.TryParse(words[0], out var address))
                {
                    // As hosts(5) is read everywhere: a line that is none is passed by.
                    AddEntry(address, words[1..], entries, _ => { });
                }
            }
        }
        else
        {
            reader.Error($"{CorefileProblems.Quote(path)}: the files of CoreDNS's pod are not here; write its lines into the braces, or give the ConfigMap a key {CorefileProblems.Quote(name)}");
        }
    }

    private static void AddEntry(IpAddr address, IReadOnlyList<string> names, List<HostsEntry> entries, Action<string> error)
    {
        if (names.Count == 0)
        {
            error("an address without a name");
        }

        var good = new List<string>();
        foreach (var name in names)
        {
            if (CorefileValues.Zones(name) is [{ Length: > 0 } known] && DnsName.TryEncode(known, out _))
            {
                good.Add(known);
            }
            else
            {
                error($"{CorefileProblems.Quote(name)} is no name");
            }
        }

        if (good.Count > 0)
        {
            entries.Add(new HostsEntry(address, good.ToValueArray()));
        }
    }
}
