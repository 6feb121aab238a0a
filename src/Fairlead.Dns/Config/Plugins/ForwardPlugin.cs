using Fairlead.Dns.Forward;

namespace Fairlead.Dns.Config.Plugins;

/// <summary>Reads <c>forward FROM TO… { … }</c>.</summary>
internal static class ForwardPlugin
{
    private const int MostUpstreams = 15;

    /// <summary>The block with one forward more.</summary>
    public static ServerBlock Read(PluginReader reader)
    {
        if (!reader.Expect(2, int.MaxValue))
        {
            return reader.Block;
        }

        var from = reader.Zones([reader.Arguments[0]]);
        var to = reader.Arguments.Skip(1).Select(word => Target(reader, word)).OfType<ForwardTarget>().ToArray();
        if (to.Length > MostUpstreams)
        {
            reader.Error($"more than {MostUpstreams} upstreams: {to.Length}");
        }

        var options = new ForwardOptions { To = [.. to] };
        foreach (var option in reader.Options)
        {
            options = Option(reader, option, options);
        }

        return reader.Block with { Forwards = [.. reader.Block.Forwards, .. from.Select(zone => options with { From = zone })] };
    }

    // The resolvers of CoreDNS's pod are those of its node; systemd-resolved's own list is the same thing.
    private static ForwardTarget? Target(PluginReader reader, string word)
    {
        if (word is HostResolvers.ResolvConf or HostResolvers.SystemdResolvConf)
        {
            return new ForwardTarget(null, HostResolvers.ResolvConf, Tls: false);
        }

        if (CorefileValues.Server(word) is { } server)
        {
            return server;
        }

        reader.Error(word.StartsWith('/')
            ? $"{CorefileProblems.Quote(word)}: the files of CoreDNS's pod are not here; name the servers, or {HostResolvers.ResolvConf} for those of the node"
            : $"{CorefileProblems.Quote(word)} is neither an address, with or without a port, behind dns:// or tls:// or nothing, nor {HostResolvers.ResolvConf}");
        return null;
    }

    private static ForwardOptions Option(PluginReader reader, CorefileDirective option, ForwardOptions options)
    {
        switch (option.Name)
        {
            case "except" when reader.Expect(option, 1, int.MaxValue):
                return options with { Except = [.. options.Except, .. reader.Zones(option.Arguments)] };
            case "policy":
                return options with { Policy = Policy(reader, option) };
            case "max_fails" when reader.Expect(option, 1, 1):
                return options with { MaxFails = reader.Number(option, 0, 0, int.MaxValue, 2) };
            case "health_check":
                return HealthCheck(reader, option, options);
            case "expire" when reader.Expect(option, 1, 1):
                return options with { Expire = reader.Duration(option, 0, options.Expire) };
            case "max_concurrent" when reader.Expect(option, 1, 1):
                return options with { MaxConcurrent = reader.Number(option, 0, 0, int.MaxValue, 0) };
            case "force_tcp" when reader.Expect(option, 0, 0):
                return options with { ForceTcp = true };
            case "prefer_udp" when reader.Expect(option, 0, 0):
                return options with { PreferUdp = true };
            case "failfast_all_unhealthy_upstreams" when reader.Expect(option, 0, 0):
                return options with { FailFast = true };
            case "tls_servername" when reader.Expect(option, 1, 1):
                return options with { TlsServerName = option.Arguments[0] };
            case "tls" when reader.Expect(option, 0, 3):
                return Tls(reader, option, options);
            default:
                Other(reader, option);
                return options;
        }
    }

    private static void Other(PluginReader reader, CorefileDirective option)
    {
        switch (option.Name)
        {
            case "except" or "max_fails" or "expire" or "max_concurrent" or "force_tcp" or "prefer_udp" or "failfast_all_unhealthy_upstreams" or "tls_servername" or "tls":
                break;
            case "max_idle_conns" or "max_age" or "max_connect_attempts":
                reader.Warn(option, "has no effect here");
                break;
            case "next" or "failover":
                reader.Error(option, "is not served: an answer that is an error makes the next upstream be asked anyway");
                break;
            default:
                reader.Unknown(option);
                break;
        }
    }

    // tls [[CERT KEY] [CA]]: one word is the authorities, two are the own certificate and its key. Files of the text's own ConfigMap stand beside it in CoreDNS's pod.
    private static ForwardOptions Tls(PluginReader reader, CorefileDirective option, ForwardOptions options)
    {
        PemFile[] files = [.. option.Arguments.Select(path => new PemFile(path, reader.Files.GetValueOrDefault(path[(path.LastIndexOf('/') + 1)..])))];
        return options with
        {
            TlsAuthorities = files.Length is 1 or 3 ? files[^1] : null,
            TlsCertificate = files.Length > 1 ? files[0] : null,
            TlsKey = files.Length > 1 ? files[1] : null,
        };
    }

    private static ForwardPolicy Policy(PluginReader reader, CorefileDirective option)
    {
        switch (option.Arguments)
        {
            case ["random"]:
                return ForwardPolicy.Random;
            case ["round_robin"]:
                return ForwardPolicy.RoundRobin;
            case ["sequential"]:
                return ForwardPolicy.Sequential;
            default:
                reader.Error(option, "is one of random, round_robin and sequential");
                return ForwardPolicy.Random;
        }
    }

    // health_check DURATION [no_rec] [domain FQDN]
    private static ForwardOptions HealthCheck(PluginReader reader, CorefileDirective option, ForwardOptions options)
    {
        if (!reader.Expect(option, 1, 4))
        {
            return options;
        }

        options = options with { HealthCheck = reader.Duration(option, 0, options.HealthCheck) };
        for (var i = 1; i < option.Arguments.Count; i++)
        {
            if (option.Arguments[i] == "no_rec")
            {
                options = options with { HealthCheckRecurses = false };
            }
            else if (option.Arguments[i] == "domain" && i + 1 < option.Arguments.Count && CorefileValues.Zones(option.Arguments[i + 1]) is [var name])
            {
                options = options with { HealthCheckName = name };
                i++;
            }
            else
            {
                reader.Error(option, $"{CorefileProblems.Quote(option.Arguments[i])} is neither no_rec nor domain with a name");
                break;
            }
        }

        return options;
    }
}
