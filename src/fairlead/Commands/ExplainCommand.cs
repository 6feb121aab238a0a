using System.CommandLine;
using System.CommandLine.Parsing;
using Fairlead.Cluster.Naming;
using Fairlead.Dns.Explain;
using Fairlead.Explain;
using Fairlead.Explain.Http;
using Fairlead.Explain.Reach;
using Fairlead.OneMachine;
using Fairlead.Terminal;

namespace Fairlead.Commands;

/// <summary><c>fairlead explain</c>: why something on the network is as it is.</summary>
internal static class ExplainCommand
{
    private const string DefaultType = "A";

    private const string DefaultNamespace = "default";

    /// <summary>Makes the command.</summary>
    public static Command Create(Output output)
    {
        var from = new Argument<ExplainedStart>("from")
        {
            Description = "Who opens the connection: [kind/]name[.namespace], a pod unless a kind is given, an address, or `outside`. Or a URL, http://host/path, that a client outside asks an Ingress for",
            CustomParser = Start,
        };
        var to = new Argument<ConnectionEnd>("to")
        {
            Description = "Whom it is to reach: as above, with a port: svc/api.shop:80, web:http, 10.96.0.10:53/udp. Without: every port there is. Of a URL: nothing",
            Arity = ArgumentArity.ZeroOrOne,
            CustomParser = End,
        };
        var cluster = new ClusterOptions("");
        var ns = new Option<string>("--namespace", "-n") { Description = "The namespace of names that have none", DefaultValueFactory = _ => DefaultNamespace };
        var files = new Option<string[]>("--file", "-f") { Description = "Your manifests, files or folders: rules are then shown by file and line" };
        var probe = new Option<bool>("--probe") { Description = "Send a real packet, or the request, too, and say whether it met what was explained (exit code 1 when it did not)" };
        var exec = new Option<bool>("--exec") { Description = "With --probe: send by what the container has, through the API, as on clusters of others" };
        var format = new Option<string>("--output", "-o") { Description = "table, json or yaml", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "json", "yaml");
        var command = new Command("explain", "Say step by step why one thing can or cannot reach another (exit code 1 when it cannot): name, Service, endpoints, route, policies, listener. Or of a URL which Ingress serves it and why not another")
        {
            DnsCommand(), from, to, ns, files, probe, exec, format,
        };
        cluster.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(from) is not { Tokens: [var first, ..] })
            {
                return;
            }

            var isUrl = IsUrl(first.Value);
            if (result.GetResult(to) is { Tokens.Count: > 0 } == isUrl)
            {
                result.AddError(isUrl ? "a URL is explained by itself: nothing follows it" : "Required argument 'to' missing for command: 'explain'.");
            }

            if (isUrl && result.GetValue(exec))
            {
                result.AddError("--exec is for connections of pods: a URL is asked for from here");
            }
        });
        command.SetAction((parsed, cancellationToken) => parsed.GetRequiredValue(from).Url is { } url
            ? HttpRun.RunAsync(
                new HttpRequestAsked(url, parsed.GetRequiredValue(ns), cluster.Of(parsed), parsed.GetValue(files) ?? [], parsed.GetValue(probe), parsed.GetRequiredValue(format)),
                output, cancellationToken)
            : ReachRun.RunAsync(
            new ReachRequest(
                parsed.GetRequiredValue(from).End!, parsed.GetRequiredValue(to), parsed.GetRequiredValue(ns), cluster.Of(parsed),
                parsed.GetValue(files) ?? [], parsed.GetValue(probe), parsed.GetValue(exec), parsed.GetRequiredValue(format)),
            output, cancellationToken));
        return command;
    }

    private static ExplainedStart? Start(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (!IsUrl(text))
        {
            return End(result) is { } end ? new ExplainedStart(end, null) : null;
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps) && url.Host.Length > 0 && url.UserInfo.Length == 0)
        {
            return new ExplainedStart(null, url);
        }

        result.AddError($"{text} is no URL that can be explained: http://HOST[:PORT]/PATH, or https");
        return null;
    }

    private static bool IsUrl(string text) => text.Contains("://", StringComparison.Ordinal);

    private static ConnectionEnd? End(ArgumentResult result)
    {
        if (!ConnectionEnd.TryParse(result.Tokens[0].Value, out var end, out var fault))
        {
            result.AddError(fault);
        }

        return end;
    }

    private static Command DnsCommand()
    {
        var pod = new Argument<string>("pod") { Description = "Who looks it up: a pod, by name or namespace/name" };
        var looked = new Argument<string>("look-up") { Description = "The name, as a program in the pod would write it" };
        var cluster = new ClusterOptions("");
        cluster.Name.Description = $"A cluster of this machine, whose nodes are asked; {ClusterSpec.DefaultName} unless given";
        cluster.Kubeconfig.Description = "Evaluate the objects of this kubeconfig's cluster; without a one-machine cluster that is done of your own kubeconfig";
        cluster.Context.Description = "Evaluate the objects of this context's cluster";
        var ns = new Option<string>("--namespace", "-n") { Description = "The pod's namespace", DefaultValueFactory = _ => "default" };
        var type = new Option<string>("--type", "-t") { Description = "Record type: A, AAAA, SRV, PTR, CNAME, TXT, …", DefaultValueFactory = _ => DefaultType };
        var format = new Option<string>("--output", "-o") { Description = "table or json", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "json");
        var command = new Command("dns", "Why a name does or does not resolve in a pod: its resolv.conf, each full name asked for, the answer, and the objects behind it")
        {
            pod, looked, ns, type, format,
        };
        cluster.AddTo(command);
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
                    cluster.Of(parsed), parts.Length == 2 ? parts[0] : parsed.GetRequiredValue(ns), parts[^1], parsed.GetRequiredValue(looked),
                    parsed.GetRequiredValue(type).ToUpperInvariant(), parsed.GetRequiredValue(format)),
                cancellationToken);
        });
        return command;
    }
}

/// <summary>What is explained: a connection's beginning, or a URL.</summary>
/// <param name="End">Who opens the connection; null: it is a URL.</param>
/// <param name="Url">The URL; null: it is none.</param>
internal sealed record ExplainedStart(ConnectionEnd? End, Uri? Url);
