using System.Collections.Frozen;

namespace Fairlead.Dns.Config.Plugins;

/// <summary>Every plugin of a Corefile: what becomes of each.</summary>
internal static class PluginTable
{
    // Those that may stand in a block more than once.
    private static readonly FrozenSet<string> Repeatable = FrozenSet.Create("forward", "log", "errors", "health", "ready", "prometheus", "template", "transfer");

    private static readonly FrozenDictionary<string, Func<PluginReader, ServerBlock>> Served = new Dictionary<string, Func<PluginReader, ServerBlock>>
    {
        ["any"] = SmallPlugins.Any,
        ["autopath"] = SmallPlugins.Autopath,
        ["bufsize"] = SmallPlugins.BufSize,
        ["cache"] = CachePlugin.Read,
        ["cancel"] = SmallPlugins.Accept,
        ["debug"] = SmallPlugins.Accept,
        ["errors"] = SmallPlugins.Errors,
        ["forward"] = ForwardPlugin.Read,
        ["health"] = SmallPlugins.Health,
        ["hosts"] = HostsPlugin.Read,
        ["kubernetes"] = KubernetesPlugin.Read,
        ["loadbalance"] = SmallPlugins.LoadBalance,
        ["log"] = SmallPlugins.Log,
        ["loop"] = SmallPlugins.Loop,
        ["metadata"] = SmallPlugins.Accept,
        ["prometheus"] = SmallPlugins.Prometheus,
        ["ready"] = SmallPlugins.Ready,
        ["reload"] = SmallPlugins.Reload,
        ["template"] = TemplatePlugin.Read,
        ["transfer"] = TransferPlugin.Read,
    }.ToFrozenDictionary();

    // They change nothing of an answer, so that a text with them means the same without.
    private static readonly FrozenDictionary<string, string> WithoutEffect = new Dictionary<string, string>
    {
        ["bind"] = "has no effect: the server's addresses are those of the cluster's DNS Service",
        ["dnstap"] = "is not served",
        ["multisocket"] = "has no effect here",
        ["pprof"] = "is not served",
        ["timeouts"] = "has no effect here",
        ["trace"] = "is not served",
    }.ToFrozenDictionary();

    // Those that CoreDNS's metric of enabled plugins leaves out: they handle no query.
    private static readonly FrozenSet<string> NoHandlers = FrozenSet.Create("debug", "health", "ready", "reload");

    // plugin.cfg of CoreDNS, the rest of it: told apart from words that nobody knows.
    private static readonly FrozenSet<string> CoreDns = FrozenSet.Create(
        "acl", "auto", "azure", "chaos", "clouddns", "dns64", "dnssec", "erratic", "etcd", "file", "geoip", "grpc", "grpc_server", "header", "https", "https3", "k8s_external", "local",
        "minimal", "nomad", "nsid", "on", "quic", "rewrite", "root", "route53", "secondary", "shed", "sign", "tls", "tsig", "view", "whoami");

    /// <summary>The block with what a line of it says.</summary>
    /// <param name="plugin">The line.</param>
    /// <param name="block">The block as the lines before have it.</param>
    /// <param name="seen">Plugins before, with their lines.</param>
    /// <param name="files">Files beside the text.</param>
    /// <param name="problems">Who is told what is wrong.</param>
    public static ServerBlock Read(
        CorefileDirective plugin, ServerBlock block, Dictionary<string, int> seen, IReadOnlyDictionary<string, string> files, CorefileProblems problems)
    {
        var reader = new PluginReader(plugin, block, files, problems);
        if (!seen.TryAdd(plugin.Name, plugin.Line) && !Repeatable.Contains(plugin.Name))
        {
            reader.Error($"stands in this block already, on line {seen[plugin.Name]}");
            return block;
        }

        if (Served.TryGetValue(plugin.Name, out var read))
        {
            var with = read(reader);
            return NoHandlers.Contains(plugin.Name) || with.Plugins.Contains(plugin.Name) ? with : with with { Plugins = [.. with.Plugins, plugin.Name] };
        }

        if (WithoutEffect.TryGetValue(plugin.Name, out var why))
        {
            reader.Warn(why);
            return block;
        }

        problems.Error(plugin.Line, CoreDns.Contains(plugin.Name)
            ? $"plugin \"{plugin.Name}\": is one of CoreDNS that is not served here"
            : $"plugin {CorefileProblems.Quote(plugin.Name)}: not known");
        return block;
    }
}
