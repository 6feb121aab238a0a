using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Fairlead.OneMachine;
using Fairlead.Terminal;

namespace Fairlead.Commands;

/// <summary><c>fairlead up</c>: start, or resume, a one-machine cluster.</summary>
internal static class UpCommand
{
    private const int MaxNodes = 64;

    /// <summary>Makes the command.</summary>
    public static Command Create(Output output)
    {
        var name = CommonOptions.Name();
        var nodes = new Option<int?>("--nodes") { Description = "How many nodes (2 unless said otherwise)", CustomParser = Nodes };
        var families = new Option<string?>("--ip-family") { Description = "ipv4 (default) or dual" };
        families.AcceptOnlyFromAmong("ipv4", "dual");
        var files = new Option<FileSystemInfo[]>("--filename", "-f") { Description = "A manifest or a folder of them, applied once the cluster is ready", AllowMultipleArgumentsPerToken = false };
        files.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => !Path.Exists(token.Value)))
            {
                result.AddError($"--filename: there is no file or folder {token.Value}");
            }
        });
        var detach = new Option<bool>("--detach", "-d") { Description = "Return when the cluster is ready; it goes on in the background" };
        var noSwitch = new Option<bool>("--no-switch") { Description = "Leave the kubeconfig's current context as it is" };
        var noEgress = new Option<bool?>("--no-egress") { Description = "Pods cannot reach anything outside the cluster (a cluster keeps this; --no-egress=false takes it back)" };
        var noIngress = new Option<bool?>("--no-ingress") { Description = "Ingresses are stored and not served (a cluster keeps this; --no-ingress=false takes it back)" };
        var external = CommonOptions.Ranges("--external-ip-range", "Ranges from which Services may take spec.externalIPs (none unless given; a cluster keeps them)");
        var denyExternal = new Option<bool?>("--deny-external-ips") { Description = "Refuse Services that take spec.externalIPs (a cluster keeps this; --deny-external-ips=false takes it back)" };
        var progress = new Option<int?>("--progress-fd") { Hidden = true };
        var command = new Command("up", "Start (or resume) a cluster on this machine")
        {
            name, nodes, families, files, detach, noSwitch, noEgress, noIngress, external, denyExternal, progress,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            var request = new UpRequest
            {
                Name = parsed.GetRequiredValue(name),
                Nodes = parsed.GetValue(nodes),
                Families = parsed.GetValue(families) is { } text ? Enum.Parse<IpFamilyMode>(text, ignoreCase: true) : null,
                Files = [.. (parsed.GetValue(files) ?? []).Select(file => file.FullName)],
                Switch = !parsed.GetValue(noSwitch),
                Egress = !parsed.GetValue(noEgress),
                Ingress = !parsed.GetValue(noIngress),
                ExternalIPRanges = parsed.GetValue(external) is { Length: > 0 } ranges ? ranges : null,
                DenyExternalIPs = parsed.GetValue(denyExternal),
            };
            return parsed.GetValue(progress) is { } descriptor
                ? Up.RunDetachedAsync(request, descriptor, cancellationToken)
                : parsed.GetValue(detach)
                    ? Up.DetachAsync(request, output, cancellationToken)
                    : Up.RunForegroundAsync(request, output, cancellationToken);
        });
        return command;
    }

    private static int? Nodes(ArgumentResult result)
    {
        if (int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count is >= 1 and <= MaxNodes)
        {
            return count;
        }

        result.AddError($"--nodes takes a number from 1 to {MaxNodes}, not {result.Tokens[0].Value}");
        return null;
    }
}
