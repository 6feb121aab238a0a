using System.CommandLine;
using Fairlead.Inspect;
using Fairlead.Proxy.Inspection;
using Fairlead.Terminal;

namespace Fairlead.Commands;

/// <summary><c>fairlead inspect</c>: what each node's kernel holds for the Services, and whether it is what they ask for; DNS; routes.</summary>
internal static class InspectCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(Output output) =>
        new("inspect", "Show what each node's kernel holds for the Services, whether it is in step with them, and why not (exit code 1); how DNS stands; the routes of Ingresses")
        {
            Create("services", "Each Service: how many frontends and endpoints it has on each node, and its state", InspectionDepth.Services, output),
            Create("frontends", "Each address and port at which a Service accepts: kind, traffic policy, affinity, number of endpoints, state", InspectionDepth.Frontends, output),
            CreateDns(output),
            CreateRoutes(output),
            Create("endpoints", "Each endpoint of each frontend: conditions, slot, why it is used or not, state", InspectionDepth.Endpoints, output),
        };

    private static Command CreateDns(Output output)
    {
        var (cluster, node, socket, format) = (CommonOptions.Name(), Node(), Socket(), Format());
        var most = new Option<int>("--top") { Description = "How many of the names that are asked for most and do not exist", DefaultValueFactory = _ => 20 };
        var command = new Command("dns", "Each node's DNS: addresses, state, queries, answers; and the names asked for most that do not exist, by pod")
        {
            cluster, node, socket, most, format,
        };
        command.SetAction((parsed, cancellationToken) => DnsInspector.RunAsync(
            new DnsInspectRequest(
                new AgentsRequest(parsed.GetRequiredValue(cluster), parsed.GetValue(node) ?? "", parsed.GetValue(socket) ?? ""),
                Math.Max(parsed.GetRequiredValue(most), 0), parsed.GetRequiredValue(format)),
            output, cancellationToken));
        return command;
    }

    private static Command CreateRoutes(Output output)
    {
        var host = new Argument<string>("host")
        {
            Description = "Only what requests for this host may find; all unless given",
            Arity = ArgumentArity.ZeroOrOne,
            DefaultValueFactory = _ => "",
        };
        var ns = new Option<string>("--namespace", "-n") { Description = "Ingresses of one namespace; of all unless given", DefaultValueFactory = _ => "" };
        var format = new Option<string>("--output", "-o") { Description = "table, wide, json or yaml", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "wide", "json", "yaml");
        var cluster = new ClusterOptions("");
        var command = new Command("routes", "Each path of the cluster's Ingresses: backend, endpoints, certificate, and whether it is served, or why not; and who serves") { host, ns, format };
        cluster.AddTo(command);
        command.SetAction((parsed, cancellationToken) => RouteInspector.RunAsync(
            new RouteInspectRequest(parsed.GetValue(host) ?? "", parsed.GetValue(ns) ?? "", cluster.Of(parsed), parsed.GetRequiredValue(format)), output, cancellationToken));
        return command;
    }

    private static Option<string> Node() => new("--node") { Description = "One node; all unless given", DefaultValueFactory = _ => "" };

    private static Option<string> Socket() => new("--socket")
    {
        Description = "Where the agent to ask answers, on a node of another cluster: what its --inspect-socket says",
        DefaultValueFactory = _ => "",
    };

    private static Option<string> Format()
    {
        var format = new Option<string>("--output", "-o") { Description = "table, wide or json", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "wide", "json");
        return format;
    }

    private static Command Create(string verb, string description, InspectionDepth depth, Output output)
    {
        var service = new Argument<string>("service")
        {
            Description = "One Service, by name or namespace/name; all unless given",
            Arity = ArgumentArity.ZeroOrOne,
            DefaultValueFactory = _ => "",
        };
        var cluster = CommonOptions.Name();
        var node = Node();
        var ns = new Option<string>("--namespace", "-n") { Description = "Services of one namespace; of all unless given", DefaultValueFactory = _ => "" };
        var (socket, format) = (Socket(), Format());
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
                    new AgentsRequest(parsed.GetRequiredValue(cluster), parsed.GetValue(node) ?? "", parsed.GetValue(socket) ?? ""), query, parsed.GetValue(format) ?? "table"),
                output, cancellationToken);
        });
        return command;
    }
}
