using System.CommandLine;
using Fairlead.Dns.Explain;
using Fairlead.Explain;

namespace Fairlead.Commands;

/// <summary><c>fairlead explain</c>: why something on the network is as it is.</summary>
internal static class ExplainCommand
{
    private const string DefaultType = "A";

    /// <summary>Makes the command.</summary>
    public static Command Create() => new("explain", "Say why a name does or does not resolve, step by step (exit code 1 when it does not)") { DnsCommand() };

    private static Command DnsCommand()
    {
        var pod = new Argument<string>("pod") { Description = "Who looks it up: a pod, by name or namespace/name" };
        var looked = new Argument<string>("look-up") { Description = "The name, as a program in the pod would write it" };
        var cluster = CommonOptions.Name();
        var ns = new Option<string>("--namespace", "-n") { Description = "The pod's namespace", DefaultValueFactory = _ => "default" };
        var kubeconfig = new Option<string>("--kubeconfig")
        {
            Description = "Evaluate the objects of the cluster in this file's current context; without a one-machine cluster that is done of your own kubeconfig",
            DefaultValueFactory = _ => "",
        };
        var type = new Option<string>("--type", "-t") { Description = "Record type: A, AAAA, SRV, PTR, CNAME, TXT, …", DefaultValueFactory = _ => DefaultType };
        var format = new Option<string>("--output", "-o") { Description = "table or json", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "json");
        var command = new Command("dns", "Why a name does or does not resolve in a pod: its resolv.conf, each full name asked for, the answer, and the objects behind it")
        {
            pod, looked, cluster, kubeconfig, ns, type, format,
        };
        command.Validators.Add(result =>
        {
            if ((result.GetValue(pod) ?? "").Count(letter => letter == '/') > 1)
            {
                result.AddError($"{result.GetValue(pod)} names no pod");
            }

            // A validator sees no default.
            var asked = result.GetValue(type) is { Length: > 0 } given ? given : DefaultType;
            if (!NameQuestion.IsQuestion(result.GetValue(looked) ?? "", asked))
            {
                result.AddError($"{result.GetValue(looked)} {asked} cannot be asked for: labels of 1 to 63 letters joined by dots, 253 at most, and a record type");
            }
        });
        command.SetAction((parsed, cancellationToken) =>
        {
            var parts = parsed.GetRequiredValue(pod).Split('/');
            return DnsExplain.RunAsync(
                new DnsExplainRequest(
                    parsed.GetRequiredValue(cluster), parsed.GetRequiredValue(kubeconfig), parts.Length == 2 ? parts[0] : parsed.GetRequiredValue(ns), parts[^1], parsed.GetRequiredValue(looked),
                    parsed.GetRequiredValue(type).ToUpperInvariant(), parsed.GetRequiredValue(format)),
                cancellationToken);
        });
        return command;
    }
}
