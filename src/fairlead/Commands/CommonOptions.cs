using System.CommandLine;
using System.CommandLine.Parsing;
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
            if (name is null || name.Length is 0 or > 20 || name[0] == '-' || name[^1] == '-' || name.Any(c => !char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-'))
            {
                result.AddError($"--name {name}: a cluster's name has 1 to 20 lower-case letters, digits and hyphens, and no hyphen at either end");
            }
        });
        return option;
    }

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
