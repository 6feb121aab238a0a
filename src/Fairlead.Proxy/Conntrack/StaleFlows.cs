using Fairlead.Linux;
using Fairlead.Linux.Conntrack;
using Fairlead.Proxy.Frontends;
using Microsoft.Extensions.Logging;

namespace Fairlead.Proxy.Conntrack;

/// <summary>Deletes what <see cref="UdpFlows"/> finds stale. A failure is logged: the flows time out then.</summary>
internal sealed class StaleFlows(Func<IpFamily, Func<ConntrackFlow, bool>, int> delete, TimeProvider time, ProxyMetrics metrics, ILogger logger)
{
    /// <summary>Deletes those of the frontends that changed; null means gone.</summary>
    public void Delete(IReadOnlyDictionary<FrontendKey, Frontend?> changed)
    {
        var families = IpFamily.All.Where(family => changed.Keys.Any(key => key.Protocol == IpProtocol.Udp && key.Address.Family == family)).ToList();
        if (families.Count == 0)
        {
            return;
        }

        var (stale, started, deleted) = (UdpFlows.Stale(changed), time.GetTimestamp(), 0);
        foreach (var family in families)
        {
            try
            {
                deleted += delete(family, stale);
            }
            catch (LinuxException e)
            {
                logger.FlowsNotDeleted(e.Message);
            }
        }

        if (deleted > 0)
        {
            logger.FlowsDeleted(deleted);
        }

        metrics.FlowsDeleted(time.GetElapsedTime(started), deleted);
    }
}
