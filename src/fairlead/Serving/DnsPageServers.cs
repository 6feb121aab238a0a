using Fairlead.Dns;
using Fairlead.State;
using Microsoft.Extensions.Logging;

namespace Fairlead.Serving;

/// <summary>Answers the pages of DNS where its configuration of the time says, and nowhere else.</summary>
internal sealed class DnsPageServers(DnsRoom dns, DnsPages pages, ILoggerFactory loggers, TimeProvider time)
{
    /// <summary>Serves until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await using var servers = new HttpServers<DnsPage>((page, token) => HttpEndpoint.ServeAsync(
            page.EndPoint, context => pages.AnswerAsync(context, page.Kinds), loggers, time, token));
        var wake = new Wake();
        dns.PagesChanged += wake.Ring;
        try
        {
            while (true)
            {
                await servers.SetAsync(dns.Pages.ToHashSet());
                await wake.WaitAsync(cancellationToken);
            }
        }
        finally
        {
            dns.PagesChanged -= wake.Ring;
        }
    }
}
