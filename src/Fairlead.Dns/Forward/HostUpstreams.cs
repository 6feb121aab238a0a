using System.Net;

namespace Fairlead.Dns.Forward;

/// <summary>
/// The host's name servers as its files name them at the time: a network that comes or goes changes them while the cluster runs. The files are read
/// again when somebody asks, at most once per second; being small, they are read rather than watched, which no rename or link can mislead.
/// </summary>
/// <param name="time">Clock.</param>
/// <param name="resolvConf">Path of the host's resolv.conf.</param>
/// <param name="systemdResolvConf">Path of the one behind systemd-resolved's stub.</param>
internal sealed class HostUpstreams(
    TimeProvider time, string resolvConf = HostResolvers.ResolvConf, string systemdResolvConf = HostResolvers.SystemdResolvConf)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private IReadOnlyList<IPEndPoint> _servers = HostResolvers.Read(resolvConf, systemdResolvConf) ?? [];
    private long _read = time.GetTimestamp();

    /// <summary>The servers now. While the file cannot be read they stay what they were.</summary>
    public IReadOnlyList<IPEndPoint> Current()
    {
        lock (_gate)
        {
            if (time.GetElapsedTime(_read) >= Interval)
            {
                _read = time.GetTimestamp();
                _servers = HostResolvers.Read(resolvConf, systemdResolvConf) ?? _servers;
            }

            return _servers;
        }
    }
}
