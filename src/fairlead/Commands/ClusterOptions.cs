using System.CommandLine;
using Fairlead.Live;

namespace Fairlead.Commands;

/// <summary>Which cluster is meant: <c>--name</c> of this machine's, or <c>--kubeconfig</c> and <c>--context</c>.</summary>
internal sealed class ClusterOptions
{
    /// <summary>Makes the options.</summary>
    /// <param name="mode">What to say first of each, of options that only a mode has; empty: nothing.</param>
    public ClusterOptions(string mode)
    {
        Name = CommonOptions.Name();
        Name.DefaultValueFactory = _ => "";
        Name.Description = mode + "A cluster of this machine, by its name; unless given, the cluster of the kubeconfig's context";
        Kubeconfig = CommonOptions.File("--kubeconfig", mode + "Another kubeconfig than $KUBECONFIG or ~/.kube/config");
        Context = new Option<string>("--context") { Description = mode + "Another context of the kubeconfig than its current one" };
    }

    /// <summary><c>--name</c>.</summary>
    public Option<string> Name { get; }

    /// <summary><c>--kubeconfig</c>.</summary>
    public Option<string> Kubeconfig { get; }

    /// <summary><c>--context</c>.</summary>
    public Option<string> Context { get; }

    /// <summary>Gives the command the options. A cluster of this machine has no context beside: both are a usage error.</summary>
    public void AddTo(Command command)
    {
        command.Add(Name);
        command.Add(Kubeconfig);
        command.Add(Context);
        command.Validators.Add(result =>
        {
            if (result.GetResult(Name) is { Implicit: false } && (result.GetResult(Kubeconfig) is not null || result.GetResult(Context) is not null))
            {
                result.AddError("--name is of a cluster of this machine, --kubeconfig and --context of any other: give either");
            }
        });
    }

    /// <summary>What was given.</summary>
    public ClusterChoice Of(ParseResult parsed) => new(parsed.GetValue(Name) ?? "", parsed.GetValue(Kubeconfig) ?? "", parsed.GetValue(Context) ?? "");
}
