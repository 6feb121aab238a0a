using System.CommandLine;
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
}
