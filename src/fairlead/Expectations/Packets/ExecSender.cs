using System.Collections.Concurrent;
using System.Globalization;
using System.Net.WebSockets;
using Fairlead.Cluster.Model;
using Fairlead.Kube.Client;
using Fairlead.Linux.Addresses;
using Fairlead.Offline;

namespace Fairlead.Expectations.Packets;

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

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<ObjectKey, bool> _unable = new();

    /// <inheritdoc/>
    public async Task<Reach> SendAsync(Connection connection, CancellationToken cancellationToken) => connection.SourcePod is not { } pod
        ? new Reach(Answer.NotTried, $"nothing can be sent from {connection.Source}: it is no pod")
        : connection.Protocol != IpProtocol.Tcp
            ? new Reach(Answer.NotTried, $"{connection.Protocol.ToString().ToUpperInvariant()} cannot be told from within a container")
            : await SendAsync(pod, connection, cancellationToken);

    /// <inheritdoc/>
    public async Task<Reach?> SendUnpolicedAsync(Connection connection, CancellationToken cancellationToken)
    {
        var policies = new RelevantPolicies(view.World);
        var others = view.World.Pods.Values.Where(pod => pod.Key != connection.SourcePod?.Key && pod.Key != connection.TargetPod?.Key && !pod.Finished && !_unable.ContainsKey(pod.Key)
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

    private async Task<Reach> SendAsync(PodRow pod, Connection connection, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            string[] command = ["sh", "-c", Script, "sh", $"{connection.Target}", connection.Port.ToString(CultureInfo.InvariantCulture), Patience];
            var result = await api.ExecAsync(pod.Key.Namespace, pod.Key.Name, "", command, both.Token);
            return Meaning(pod, result);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Reach(Answer.NotTried, $"{pod.Key.Name}: what is executed there does not end");
        }
        catch (Exception e) when (e is KubeException or WebSocketException or HttpRequestException)
        {
            return new Reach(Answer.NotTried, $"{pod.Key.Name}: {e.Message}");
        }
    }

    private Reach Meaning(PodRow pod, ExecResult result)
    {
        switch (result.Output.Trim())
        {
            case "open":
                return new Reach(Answer.Answered, $"answered {pod.Key.Name}");
            case "refused":
                return new Reach(Answer.Refused, $"refused {pod.Key.Name}");
            case "silent":
                return new Reach(Answer.Silent, $"no answer to {pod.Key.Name}");
            default:
                _unable[pod.Key] = true;
                return new Reach(Answer.NotTried, $"{pod.Key.Name} has nothing to send with: no shell with curl, bash, nc or wget");
        }
    }
}
