using System.CommandLine;
using System.CommandLine.Parsing;
using Fairlead.Completion;
using Fairlead.Linux.Addresses;
using Fairlead.OneMachine;

namespace Fairlead.Commands;

/// <summary>Options that several commands share.</summary>
internal static class CommonOptions
{
    /// <summary><c>--name</c>: which cluster. A DNS label of at most 20 characters, so that every name made from it fits.</summary>
    public static Option<string> Name()
    {
        var option = new Option<string>("--name") { Description = "The cluster's name", DefaultValueFactory = _ => ClusterSpec.DefaultName };
        option.Validators.Add(result =>
        {
            var name = result.GetValueOrDefault<string>();
            if (result.Implicit)
            {
                return;
            }

            if (name is null || name.Length is 0 or > 20 || name[0] == '-' || name[^1] == '-' || name.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-'))
            {
                result.AddError($"--name {name}: a cluster's name has 1 to 20 lower-case letters, digits and hyphens, and no hyphen at either end");
            }
        });
        return option;
    }

    /// <summary>The value of <see cref="Families"/> that means both.</summary>
    public const string Dual = "dual";

    /// <summary><c>--ip-family</c>: of pods and Services that manifests alone tell of.</summary>
    public static Option<string?> Families()
    {
        var option = new Option<string?>("--ip-family") { Description = "Families of addresses that pods and Services have: ipv4 (default) or dual" };
        option.AcceptOnlyFromAmong("ipv4", Dual);
        return option;
    }

    /// <summary>An option that takes paths, given once or more.</summary>
    public static Option<string[]> Paths(string name, string description, params string[] aliases) =>
        new(name, aliases) { Description = description, HelpName = CompletionCommand.PathName, AllowMultipleArgumentsPerToken = true };

    /// <summary>An option that takes a path.</summary>
    public static Option<string> File(string name, string description) => new(name) { Description = description, HelpName = CompletionCommand.PathName };

    /// <summary>An option that takes CIDRs, given once or more.</summary>
    public static Option<IpNet[]> Ranges(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result => Parse<IpNet>(result, (text, out value) => IpNet.TryParse(text, out value)),
    };

    /// <summary>The values of an option; an error names the one that is not understood.</summary>
    public static T[] Parse<T>(ArgumentResult result, TryParse<T> parse)
    {
        var values = new List<T>();
        foreach (var token in result.Tokens)
        {
            if (parse(token.Value, out var value))
            {
                values.Add(value);
            }
            else
            {
                result.AddError($"{token.Value} is not what {result.Argument.Name} takes");
            }
        }

        return [.. values];
    }

    /// <summary>Understands one value.</summary>
    public delegate bool TryParse<T>(string text, out T value);
}
