using System.CommandLine;
using Fairlead.Inspect;
using Fairlead.Proxy.Inspection;
using Fairlead.Terminal;

namespace Fairlead.Commands;

/// <summary><c>fairlead inspect</c>: what each node's kernel holds for the Services, and whether it is what they ask for.</summary>
internal static class InspectCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(Output output) =>
        new("inspect", "Show what each node's kernel holds for the Services, whether it is in step with them, and why not (exit code 1)")
        {
            Create("services", "Each Service: how many frontends and endpoints it has on each node, and its state", InspectionDepth.Services, output),
            Create("frontends", "Each address and port at which a Service accepts: kind, traffic policy, affinity, number of endpoints, state", InspectionDepth.Frontends, output),
            Create("endpoints", "Each endpoint of each frontend: conditions, slot, why it is used or not, state", InspectionDepth.Endpoints, output),
        };

    private static Command Create(string verb, string description, InspectionDepth depth, Output output)
    {
        var service = new Argument<string>("service")
        {
            Description = "One Service, by name or namespace/name; all unless given",
            Arity = ArgumentArity.ZeroOrOne,
            DefaultValueFactory = _ => "",
        };
        var cluster = CommonOptions.Name();
        var node = new Option<string>("--node") { Description = "One node; all unless given", DefaultValueFactory = _ => "" };
        var ns = new Option<string>("--namespace", "-n") { Description = "Services of one namespace; of all unless given", DefaultValueFactory = _ => "" };
        var socket = new Option<string>("--socket")
        {
            Description = "Where the agent to ask answers, on a node of another cluster: what its --inspect-socket says",
            DefaultValueFactory = _ => "",
        };
        var format = new Option<string>("--output", "-o") { Description = "table, wide or json", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "wide", "json");
        var command = new Command(verb, description) { service, cluster, node, ns, socket, format };
        command.Validators.Add(result =>
        {
            var (name, given) = (result.GetValue(service) ?? "", result.GetValue(ns) ?? "");
            if (name.Count(letter => letter == '/') > 1 || (name.Contains('/', StringComparison.Ordinal) && given.Length > 0 && name.Split('/')[0] != given))
            {
                result.AddError($"{name} names no Service{(given.Length > 0 ? $" of namespace {given}" : "")}");
            }
        });
        command.SetAction((parsed, cancellationToken) =>
        {
            var parts = (parsed.GetValue(service) ?? "").Split('/');
            var query = new InspectionQuery(parts.Length == 2 ? parts[0] : parsed.GetValue(ns) ?? "", parts[^1], depth);
            return Inspector.RunAsync(
                new InspectRequest(
                    parsed.GetRequiredValue(cluster), parsed.GetValue(node) ?? "", parsed.GetValue(socket) ?? "", query, parsed.GetValue(format) ?? "table"),
                output, cancellationToken);
        });
        return command;
    }
}
