using System.Collections.Concurrent;
using System.Globalization;
using System.Net.WebSockets;
using Fairlead.Cluster.Model;
using Fairlead.Expectations;
using Fairlead.Kube.Client;
using Fairlead.Linux.Addresses;
using Fairlead.Offline;

namespace Fairlead.Live;

/// <summary>
/// Sends from within pods by executing, through the API, what their containers have: curl, bash, nc or wget. Without any of them, and for UDP, nothing can
/// be told.
/// </summary>
internal sealed class ExecSender(KubeClient api, ClusterView view) : IPacketSender
{
    /// <summary>Seconds that a connection may take: the first SYN and its repetition after one second (RFC 6298 §2).</summary>
    private const string Patience = "2";

    private const int MostOthers = 3;

    /// <summary>
    /// Prints one word: open, refused, silent, or none when there is nothing to send with. What a program prints of a refusal differs; that a refusal comes at
    /// once and silence lasts does not, where the exit code tells no more.
    /// </summary>
    private const string Script = """
        h=$1; p=$2; w=$3; u=$h; case $h in *:*) u="[$h]";; esac
        if command -v curl >/dev/null 2>&1; then
          t=$(curl -s -o /dev/null --connect-timeout "$w" -m "$w" -w '%{time_connect}' "http://$u:$p/" 2>/dev/null); r=$?
          case $t in ''|0|0.0*0) [ $r = 28 ] && echo silent || echo refused;; *) echo open;; esac
        elif command -v bash >/dev/null 2>&1 && command -v timeout >/dev/null 2>&1; then
          timeout "$w" bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$h" "$p" 2>/dev/null; r=$?
          case $r in 0) echo open;; 124|143) echo silent;; *) echo refused;; esac
        elif command -v nc >/dev/null 2>&1; then
          s=$(date +%s); if nc -w "$w" "$h" "$p" </dev/null >/dev/null 2>&1; then echo open; else e=$(date +%s); [ $((e - s)) -ge 1 ] && echo silent || echo refused; fi
        elif command -v wget >/dev/null 2>&1; then
          case $(wget -T "$w" -t 1 -O /dev/null "http://$u:$p/" 2>&1) in *efused*) echo refused;; *"timed out"*) echo silent;; *) echo open;; esac
        else echo none; fi
        """;

    /// <summary>
    /// Looks a name up by the C library (getent ahosts), impatiently (resolv.conf(5)); prints open, refused when it has no address, or none when there is nothing
    /// to look it up with.
    /// </summary>
    private const string NameScript = """
        if command -v getent >/dev/null 2>&1; then
          if RES_OPTIONS='timeout:1 attempts:2' getent ahosts "$1" >/dev/null 2>&1; then echo open; else echo refused; fi
        else echo none; fi
        """;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<ObjectKey, bool> _unable = new();

    /// <inheritdoc/>
    public async Task<Reach> SendAsync(Connection connection, CancellationToken cancellationToken) => connection.SourcePod is not { } pod ? NoPod(connection)
        : connection.Protocol != IpProtocol.Tcp
            ? new Reach(Answer.NotTried, $"{connection.Protocol.Text()} cannot be told from within a container")
            : await SendAsync(pod, connection, cancellationToken);

    /// <inheritdoc/>
    public async Task<Reach?> SendUnpolicedAsync(Connection connection, CancellationToken cancellationToken)
    {
        var policies = new RelevantPolicies(view.World);
        var others = view.World.Pods.Values.Where(pod => pod.Key != connection.SourcePod?.Key && !pod.IPs.Contains(connection.Target) && !pod.Finished && !_unable.ContainsKey(pod.Key)
            && pod.IPs.Any(address => address.Family == connection.Target.Family && policies.Evaluate(address, connection.Target, connection.Protocol, connection.Port).Allowed));
        var last = default(Reach);
        foreach (var other in others.OrderBy(pod => pod.Key).Take(MostOthers).ToList())
        {
            last = await SendAsync(other, connection, cancellationToken);
            if (last.Answer is Answer.Answered or Answer.Refused)
            {
                return last;
            }
        }

        return last;
    }

    /// <inheritdoc/>
    public async Task<Reach> ResolveAsync(Connection connection, string name, CancellationToken cancellationToken)
    {
        if (connection.SourcePod is not { } pod)
        {
            return NoPod(connection);
        }

        var (word, fault) = await WordAsync(pod, [NameScript, "sh", name], cancellationToken);
        return word switch
        {
            "open" => new Reach(Answer.Answered, $"{pod.Key.Name} found {name}"),
            "refused" => new Reach(Answer.Refused, $"{name} was not found by {pod.Key.Name}"),
            _ => new Reach(Answer.NotTried, fault.Length > 0 ? fault : $"{pod.Key.Name} has nothing to look names up with: no shell with getent"),
        };
    }

    private static Reach NoPod(Connection connection) => new(Answer.NotTried, $"nothing can be sent from {connection.Source}: it is no pod");

    private async Task<Reach> SendAsync(PodRow pod, Connection connection, CancellationToken cancellationToken)
    {
        var (word, fault) = await WordAsync(
            pod, [Script, "sh", $"{connection.Target}", connection.Port.ToString(CultureInfo.InvariantCulture), Patience], cancellationToken);
        switch (word)
        {
            case "open":
                return new Reach(Answer.Answered, $"answered {pod.Key.Name}");
            case "refused":
                return new Reach(Answer.Refused, $"refused {pod.Key.Name}");
            case "silent":
                return new Reach(Answer.Silent, $"no answer to {pod.Key.Name}");
            case "" when fault.Length > 0:
                return new Reach(Answer.NotTried, fault);
            default:
                _unable[pod.Key] = true;
                return new Reach(Answer.NotTried, $"{pod.Key.Name} has nothing to send with: no shell with curl, bash, nc or wget");
        }
    }

    /// <summary>What a script prints; or, with no word, why it could not be executed.</summary>
    private async Task<(string Word, string Fault)> WordAsync(PodRow pod, string[] script, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var result = await api.ExecAsync(pod.Key.Namespace, pod.Key.Name, "", ["sh", "-c", .. script], both.Token);
            return (result.Output.Trim(), "");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return ("", $"{pod.Key.Name}: what is executed there does not end");
        }
        catch (Exception e) when (e is KubeException or WebSocketException or HttpRequestException)
        {
            return ("", $"{pod.Key.Name}: {e.Message}");
        }
    }
}
