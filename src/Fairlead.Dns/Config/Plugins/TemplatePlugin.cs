using Fairlead.Dns.Wire;

namespace Fairlead.Dns.Config.Plugins;

/// <summary>Reads <c>template CLASS TYPE [ZONES…] { rcode CODE }</c>; with what makes records of a name it is not served.</summary>
internal static class TemplatePlugin
{
    private const string NotServed = "is not served: only templates that answer with a code alone are";

    /// <summary>The block with one template more.</summary>
    public static ServerBlock Read(PluginReader reader)
    {
        if (!reader.Expect(2, int.MaxValue))
        {
            return reader.Block;
        }

        if (reader.Arguments[0].ToUpperInvariant() is not ("IN" or "ANY"))
        {
            reader.Error($"class {CorefileProblems.Quote(reader.Arguments[0])} is not served, only IN and ANY");
        }

        var options = new TemplateOptions
        {
            Zones = reader.ZonesOr([.. reader.Arguments.Skip(2)], reader.Block.Zones),
            Type = Type(reader, reader.Arguments[1]),
        };
        foreach (var option in reader.Options)
        {
            options = Option(reader, option, options);
        }

        return reader.Block with { Templates = [.. reader.Block.Templates, options] };
    }

    private static TemplateOptions Option(PluginReader reader, CorefileDirective option, TemplateOptions options)
    {
        switch (option.Name)
        {
            case "rcode" when reader.Expect(option, 1, 1):
                return options with { Code = Code(reader, option) };
            case "match" or "answer" or "additional" or "authority" or "ederror" or "fallthrough" or "upstream":
                reader.Error(option, NotServed);
                return options;
            case "rcode":
                return options;
            default:
                reader.Unknown(option);
                return options;
        }
    }

    private static RecordType Type(PluginReader reader, string word)
    {
        if (Enum.TryParse<RecordType>(word, ignoreCase: true, out var type) && Enum.IsDefined(type) && !char.IsAsciiDigit(word[0]))
        {
            return type;
        }

        reader.Error($"type {CorefileProblems.Quote(word)} is not known");
        return default;
    }

    private static ResponseCode Code(PluginReader reader, CorefileDirective option)
    {
        switch (option.Arguments[0].ToUpperInvariant())
        {
            case "NOERROR":
                return ResponseCode.NoError;
            case "NXDOMAIN":
                return ResponseCode.NxDomain;
            case "SERVFAIL":
                return ResponseCode.ServFail;
            case "REFUSED":
                return ResponseCode.Refused;
            default:
                reader.Error(option, $"{CorefileProblems.Quote(option.Arguments[0])} is none of NOERROR, NXDOMAIN, SERVFAIL and REFUSED");
                return default;
        }
    }
}
