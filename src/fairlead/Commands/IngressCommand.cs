using System.CommandLine;
using System.Globalization;
using System.Net;
using Fairlead.Cluster.Model;
using Fairlead.Composition;
using Fairlead.Ingress;
using Fairlead.State;

namespace Fairlead.Commands;

/// <summary><c>fairlead ingress</c>: serves Ingresses, in a pod of any cluster or beside one.</summary>
internal static class IngressCommand
{
    private const int LongestWait = 24 * 60 * 60;

    private static readonly IngressOptions Usual = new();

    /// <summary>Makes the command.</summary>
    public static Command Create()
    {
        var (command, kubeconfig, read) = Define();
        command.SetAction((parsed, cancellationToken) => IngressRole.RunAsync(read(parsed), parsed.GetValue(kubeconfig) ?? "", cancellationToken));
        return command;
    }

    /// <summary>What a role is told that is started with these arguments; null: they are not understood.</summary>
    /// <param name="arguments">Those behind <c>ingress</c>.</param>
    public static IngressOptions? OptionsOf(IReadOnlyList<string> arguments)
    {
        var (command, _, read) = Define();
        var parsed = command.Parse(arguments);
        return parsed.Errors.Count > 0 ? null : read(parsed);
    }

    private static (Command Command, Option<string> Kubeconfig, Func<ParseResult, IngressOptions> Read) Define()
    {
        var kubeconfig = CommonOptions.File("--kubeconfig", "How to reach the API server; the pod's ServiceAccount unless given");
        var controller = new Option<string>("--controller") { Description = "Serve Ingresses of the classes whose spec.controller is this", DefaultValueFactory = _ => IngressOptions.DefaultController };
        var withoutClass = new Option<bool>("--without-class") { Description = "Serve also Ingresses that name no class" };
        var node = new Option<string>("--node-name") { Description = "The node this runs on, from where endpoints near are preferred as Services say; none unless given", DefaultValueFactory = _ => "" };
        var publish = Key("--publish-service", "The Service, namespace/name, whose LoadBalancer addresses Ingresses get as status; none unless given");
        var http = Listen("--http", "Where HTTP is answered, [address:]port", Usual.Http);
        var https = Listen("--https", "Where HTTPS is answered, [address:]port", Usual.Https);
        var admin = Listen("--admin", "Where /metrics, /healthz and /readyz are answered, [address:]port", Usual.Admin);
        var certificate = Key("--default-certificate", "The Secret, namespace/name, with the certificate of hosts that have none; a self-signed one unless given");
        var redirect = new Option<bool>("--ssl-redirect") { Description = "Redirect HTTP to HTTPS where a host has a certificate, unless its Ingress says otherwise" };
        var trusted = CommonOptions.Ranges("--trusted-proxy", "Ranges of proxies whose X-Forwarded-* are believed; of all others they are replaced (none unless given)");
        var proxied = CommonOptions.Ranges("--proxy-protocol-from", "Ranges of load balancers whose connections begin with a PROXY protocol header (none unless given)");
        var connect = Seconds("--connect-timeout", "How long a connection to an endpoint may take to be made, in seconds", Usual.ConnectTimeout);
        var activity = Seconds("--activity-timeout", "How long nothing may come from or go to an endpoint, in seconds", Usual.ActivityTimeout);
        var access = new Option<string>("--access-log") { Description = "Log each request: on (so unless given) or off", DefaultValueFactory = _ => "on" };
        access.AcceptOnlyFromAmong("on", "off");
        var command = new Command("ingress", "Serve Ingresses: HTTP and HTTPS from outside, to the endpoints of Services")
        {
            kubeconfig, controller, withoutClass, node, publish, http, https, admin, certificate, redirect, trusted, proxied, connect, activity, access,
        };
        return (command, kubeconfig, parsed => new IngressOptions
        {
            Controller = parsed.GetRequiredValue(controller),
            ServesWithoutClass = parsed.GetValue(withoutClass),
            NodeName = parsed.GetRequiredValue(node),
            PublishService = parsed.GetValue(publish)?.Key,
            Http = parsed.GetRequiredValue(http),
            Https = parsed.GetRequiredValue(https),
            Admin = parsed.GetRequiredValue(admin),
            DefaultCertificate = parsed.GetValue(certificate)?.Key,
            SslRedirect = parsed.GetValue(redirect),
            TrustedProxies = (parsed.GetValue(trusted) ?? []).ToValueArray(),
            ProxyProtocolFrom = (parsed.GetValue(proxied) ?? []).ToValueArray(),
            ConnectTimeout = parsed.GetRequiredValue(connect),
            ActivityTimeout = parsed.GetRequiredValue(activity),
            AccessLog = parsed.GetRequiredValue(access) == "on",
        });
    }

    private static Option<NamedObject?> Key(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result =>
        {
            if (result.Tokens[0].Value.Split('/') is [{ Length: > 0 } ns, { Length: > 0 } named])
            {
                return new NamedObject(new ObjectKey(ns, named));
            }

            result.AddError($"{result.Tokens[0].Value} is not a namespace/name, which {result.Argument.Name} takes");
            return null;
        },
    };

    private static Option<IPEndPoint> Listen(string name, string description, IPEndPoint usual) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => usual,
        CustomParser = result =>
        {
            if (result.Tokens.Count == 0)
            {
                return usual;
            }

            // A number alone would be read as an address.
            var text = result.Tokens[0].Value;
            if (ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port > 0 : IPEndPoint.TryParse(text, out var given) && given.Port > 0)
            {
                return port > 0 ? new IPEndPoint(usual.Address, port) : IPEndPoint.Parse(text);
            }

            result.AddError($"{text} is not a port or an address:port, which {result.Argument.Name} takes");
            return null;
        },
    };

    private static Option<TimeSpan> Seconds(string name, string description, TimeSpan usual) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => usual,
        CustomParser = result =>
        {
            if (result.Tokens.Count == 0)
            {
                return usual;
            }

            if (int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 1 and <= LongestWait)
            {
                return TimeSpan.FromSeconds(seconds);
            }

            result.AddError($"{result.Tokens[0].Value} is not a number of seconds from 1 to {LongestWait}, which {result.Argument.Name} takes");
            return default;
        },
    };
}

/// <summary>An object named on the command line. A null by itself counts as no value to a parser of options.</summary>
internal sealed record NamedObject(ObjectKey Key);
