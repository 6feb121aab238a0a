using System.Globalization;
using Fairlead.Linux;
using Microsoft.Extensions.Logging;

namespace Fairlead.Proxy.Conntrack;

/// <summary>
/// Kernel parameters of connection tracking that Services need, with kube-proxy's values (KubeProxyConntrackConfiguration): every connection through a Service
/// is tracked, and the kernel's own limits are those of a host that only talks for itself.
/// </summary>
public static class ConntrackSettings
{
    /// <summary>Connections to be tracked, per processor.</summary>
    public const int PerProcessor = 32_768;

    /// <summary>Connections to be tracked, at least.</summary>
    public const int Least = 131_072;

    private const int Most = 1_048_576;
    private const string Max = "net/netfilter/nf_conntrack_max";

    /// <summary>How long a connection is remembered of which nothing is heard. The kernel's own is five days.</summary>
    public static readonly TimeSpan Established = TimeSpan.FromHours(24);

    /// <summary>How long one is remembered of which one side has closed its half. The kernel's own, a minute, is too short for a client that goes on reading.</summary>
    public static readonly TimeSpan CloseWait = TimeSpan.FromHours(1);

    /// <summary>Most connections to be tracked on a machine with so many processors.</summary>
    public static int Limit(int processors) => Math.Clamp(processors * PerProcessor, Least, Most);

    /// <summary>
    /// Sets them in the calling thread's network namespace. The limit is only ever raised, and only in the machine's own namespace: it counts for all of
    /// them. What cannot be set is logged; Services work all the same.
    /// </summary>
    /// <param name="processors">Number of the machine's processors.</param>
    /// <param name="logger">Where failures go.</param>
    public static void Apply(int processors, ILogger logger)
    {
        Try("net/netfilter/nf_conntrack_tcp_timeout_established", Seconds(Established), logger);
        Try("net/netfilter/nf_conntrack_tcp_timeout_close_wait", Seconds(CloseWait), logger);
        var limit = Limit(processors);
        if (Sysctl.Exists(Max) && int.TryParse(Sysctl.Read(Max), CultureInfo.InvariantCulture, out var now) && now < limit && IsWritable(Max))
        {
            Try(Max, limit.ToString(CultureInfo.InvariantCulture), logger);
        }
    }

    /// <summary>The kernel shows what other namespaces share as read-only in them.</summary>
    private static bool IsWritable(string name) => (File.GetUnixFileMode("/proc/sys/" + name) & UnixFileMode.UserWrite) != 0;

    private static string Seconds(TimeSpan time) => ((long)time.TotalSeconds).ToString(CultureInfo.InvariantCulture);

    private static void Try(string name, string value, ILogger logger)
    {
        try
        {
            Sysctl.Write(name, value);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            logger.NotSet(name, value, e.Message);
        }
    }
}
