namespace Fairlead.Dns.Config.Plugins;

/// <summary>Reads <c>cache [TTL] [ZONES…] { … }</c>.</summary>
internal static class CachePlugin
{
    private const int MostSeconds = 86_400;
    private const int MostKept = 1_000_000;
    private static readonly TimeSpan LongestServFail = TimeSpan.FromMinutes(5);

    /// <summary>The block with what the plugin says.</summary>
    public static ServerBlock Read(PluginReader reader)
    {
        var options = new CacheOptions();
        var words = reader.Arguments;
        if (words.Count > 0 && words[0].All(char.IsAsciiDigit))
        {
            if (CorefileValues.Number(words[0], 1, MostSeconds) is { } seconds)
            {
                var longest = TimeSpan.FromSeconds(seconds);
                options = options with { Success = options.Success with { MaxTtl = longest }, Denial = options.Denial with { MaxTtl = longest } };
            }
            else
            {
                reader.Error($"{CorefileProblems.Quote(words[0])} is no number of seconds from 1 to {MostSeconds}");
            }

            words = [.. words.Skip(1)];
        }

        options = options with { Zones = reader.ZonesOr(words, reader.Block.Zones) };
        foreach (var option in reader.Options)
        {
            options = Option(reader, option, options);
        }

        return reader.Block with { Cache = options };
    }

    private static CacheOptions Option(PluginReader reader, CorefileDirective option, CacheOptions options)
    {
        switch (option.Name)
        {
            case "success":
                return options with { Success = Class(reader, option, options.Success) };
            case "denial":
                return options with { Denial = Class(reader, option, options.Denial) };
            case "prefetch" when reader.Expect(option, 1, 3):
                return Prefetch(reader, option, options);
            case "serve_stale" when reader.Expect(option, 0, 2):
                return ServeStale(reader, option, options);
            case "servfail" when reader.Expect(option, 1, 1):
                return options with { ServFail = ServFail(reader, option, options.ServFail) };
            case "disable":
                return Disable(reader, option, options);
            case "keepttl" when reader.Expect(option, 0, 0):
                return options with { KeepTtl = true };
            case "prefetch" or "serve_stale" or "servfail" or "keepttl":
                return options;
            default:
                reader.Unknown(option);
                return options;
        }
    }

    // CAPACITY [TTL] [MINTTL]
    private static CacheClass Class(PluginReader reader, CorefileDirective option, CacheClass old)
    {
        if (!reader.Expect(option, 1, 3))
        {
            return old;
        }

        var longest = reader.Number(option, 1, 1, MostSeconds, (int)old.MaxTtl.TotalSeconds);
        var shortest = reader.Number(option, 2, 0, MostSeconds, (int)old.MinTtl.TotalSeconds);
        return new CacheClass(reader.Number(option, 0, 1, MostKept, old.Capacity), TimeSpan.FromSeconds(longest), TimeSpan.FromSeconds(shortest));
    }

    // AMOUNT [DURATION [PERCENTAGE%]]
    private static CacheOptions Prefetch(PluginReader reader, CorefileDirective option, CacheOptions options)
    {
        var percentage = options.PrefetchPercentage;
        if (option.Arguments.Count == 3)
        {
            var text = option.Arguments[2];
            if (text.EndsWith('%') && CorefileValues.Number(text[..^1], 10, 90) is { } given)
            {
                percentage = given;
            }
            else
            {
                reader.Error(option, $"{CorefileProblems.Quote(text)} is no percentage from 10% to 90%");
            }
        }

        return options with
        {
            PrefetchAmount = reader.Number(option, 0, 0, int.MaxValue, 0),
            PrefetchDuration = reader.Duration(option, 1, options.PrefetchDuration),
            PrefetchPercentage = percentage,
        };
    }

    // [DURATION] [immediate|verify]
    private static CacheOptions ServeStale(PluginReader reader, CorefileDirective option, CacheOptions options)
    {
        var mode = option.Arguments.Count == 2 ? option.Arguments[1] : "immediate";
        if (mode is not ("immediate" or "verify"))
        {
            reader.Error(option, $"{CorefileProblems.Quote(mode)} is neither immediate nor verify");
        }

        return options with { ServeStale = reader.Duration(option, 0, TimeSpan.FromHours(1)), ServeStaleVerify = mode == "verify" };
    }

    private static TimeSpan ServFail(PluginReader reader, CorefileDirective option, TimeSpan old)
    {
        var time = reader.Duration(option, 0, old);
        if (time > LongestServFail)
        {
            reader.Error(option, "at most 5m");
        }

        return time;
    }

    // success|denial [ZONES…]
    private static CacheOptions Disable(PluginReader reader, CorefileDirective option, CacheOptions options)
    {
        var zones = option.Arguments.Count > 1 ? reader.Zones(option.Arguments.Skip(1)) : options.Zones;
        switch (option.Arguments)
        {
            case ["success", ..]:
                return options with { DisableSuccess = [.. options.DisableSuccess, .. zones] };
            case ["denial", ..]:
                return options with { DisableDenial = [.. options.DisableDenial, .. zones] };
            default:
                reader.Error(option, "is followed by success or denial");
                return options;
        }
    }
}
