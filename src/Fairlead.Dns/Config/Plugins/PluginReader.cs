using Fairlead.State;

namespace Fairlead.Dns.Config.Plugins;

/// <summary>What a plugin's line says, and where to tell what is wrong with it.</summary>
/// <param name="plugin">The line.</param>
/// <param name="block">The block it stands in.</param>
/// <param name="files">Files beside the text: the other keys of its ConfigMap.</param>
/// <param name="problems">Who is told.</param>
internal sealed class PluginReader(CorefileDirective plugin, ServerBlock block, IReadOnlyDictionary<string, string> files, CorefileProblems problems)
{
    /// <summary>Words behind the plugin's name.</summary>
    public IReadOnlyList<string> Arguments => plugin.Arguments;

    /// <summary>Lines in the plugin's braces.</summary>
    public IReadOnlyList<CorefileDirective> Options => plugin.Options;

    /// <summary>The block as far as it is read.</summary>
    public ServerBlock Block => block;

    /// <summary>Files beside the text: the other keys of its ConfigMap.</summary>
    public IReadOnlyDictionary<string, string> Files => files;

    /// <summary>Tells what is wrong with the plugin's own line.</summary>
    public void Error(string text) => problems.Error(plugin.Line, $"plugin \"{plugin.Name}\": {text}");

    /// <summary>Tells what is wrong with an option.</summary>
    public void Error(CorefileDirective option, string text) => problems.Error(option.Line, $"plugin \"{plugin.Name}\": {option.Name}: {text}");

    /// <summary>Tells what of the plugin's line has no effect.</summary>
    public void Warn(string text) => problems.Warn(plugin.Line, $"plugin \"{plugin.Name}\": {text}");

    /// <summary>Tells that an option has no effect.</summary>
    public void Warn(CorefileDirective option, string text) => problems.Warn(option.Line, $"plugin \"{plugin.Name}\": {option.Name}: {text}");

    /// <summary>Tells that the plugin has no such option.</summary>
    public void Unknown(CorefileDirective option) =>
        problems.Error(option.Line, $"plugin \"{plugin.Name}\": option {CorefileProblems.Quote(option.Name)} is not known");

    /// <summary>Tells unless the plugin has between <paramref name="least"/> and <paramref name="most"/> arguments.</summary>
    public bool Expect(int least, int most)
    {
        if (Arguments.Count >= least && Arguments.Count <= most)
        {
            return true;
        }

        Error(Count(least, most, Arguments.Count));
        return false;
    }

    /// <summary>Tells unless an option has between <paramref name="least"/> and <paramref name="most"/> arguments, and no braces.</summary>
    public bool Expect(CorefileDirective option, int least, int most)
    {
        if (option.Options.Count > 0)
        {
            Error(option, "takes no braces");
        }

        if (option.Arguments.Count >= least && option.Arguments.Count <= most)
        {
            return true;
        }

        Error(option, Count(least, most, option.Arguments.Count));
        return false;
    }

    /// <summary>Every option of a plugin that has none is unknown.</summary>
    public void ExpectNoOptions()
    {
        foreach (var option in Options)
        {
            Unknown(option);
        }
    }

    /// <summary>The number an option's argument says; or <paramref name="otherwise"/>, and what is wrong is told.</summary>
    public int Number(CorefileDirective option, int index, int least, int most, int otherwise)
    {
        if (index >= option.Arguments.Count)
        {
            return otherwise;
        }

        if (CorefileValues.Number(option.Arguments[index], least, most) is { } number)
        {
            return number;
        }

        Error(option, $"{CorefileProblems.Quote(option.Arguments[index])} is no number from {least} to {most}");
        return otherwise;
    }

    /// <summary>The time an option's argument says; or <paramref name="otherwise"/>, and what is wrong is told.</summary>
    public TimeSpan Duration(CorefileDirective option, int index, TimeSpan otherwise)
    {
        if (index >= option.Arguments.Count)
        {
            return otherwise;
        }

        if (CorefileValues.Duration(option.Arguments[index]) is { } time)
        {
            return time;
        }

        Error(option, $"{CorefileProblems.Quote(option.Arguments[index])} is no time, such as 5s or 1m30s");
        return otherwise;
    }

    /// <summary>The zones that words name; what is none is told.</summary>
    public ValueArray<string> Zones(IEnumerable<string> words)
    {
        var zones = new List<string>();
        foreach (var word in words)
        {
            if (CorefileValues.Zones(word) is { } found)
            {
                zones.AddRange(found);
            }
            else
            {
                Error($"{CorefileProblems.Quote(word)} is no zone");
            }
        }

        return zones.ToValueArray();
    }

    /// <summary>The zones of the words, or <paramref name="otherwise"/> when there are none.</summary>
    public ValueArray<string> ZonesOr(IReadOnlyList<string> words, ValueArray<string> otherwise) => words.Count == 0 ? otherwise : Zones(words);

    private static string Count(int least, int most, int given) => (least, most) switch
    {
        (0, 0) => $"takes no argument, {given} are given",
        _ when least == most => $"takes {least} argument{(least == 1 ? "" : "s")}, {given} are given",
        (_, int.MaxValue) => $"takes at least {least} argument{(least == 1 ? "" : "s")}, {given} are given",
        _ => $"takes {least} to {most} arguments, {given} are given",
    };
}
