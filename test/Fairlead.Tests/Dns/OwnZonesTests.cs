using Fairlead.Dns;
using Fairlead.Dns.Server;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Dns;

/// <summary>Which names the server answers itself, and which it only carries upstream.</summary>
public sealed class OwnZonesTests : IDisposable
{
    private readonly DnsLab _lab = new DnsLab(options: new DnsOptions { ClusterRanges = [IpNet.Parse("10.96.0.0/12")] })
        .Namespace("prod")
        .Service("prod/api", "10.96.1.1", DnsLab.Port("http", IpProtocol.Tcp, 80));

    [Theory]
    [InlineData("api.prod.svc.cluster.local", 1)]
    [InlineData("API.prod.SVC.cluster.LOCAL", 28)]
    [InlineData("nobody.prod.svc.cluster.local", 1)]
    [InlineData("anything.cluster.local", 1)]
    [InlineData("www.example.com.prod.svc.cluster.local", 1)]
    [InlineData("cluster.local", 6)]
    [InlineData("1.1.96.10.in-addr.arpa", 12)]
    [InlineData("9.9.96.10.in-addr.arpa", 12)]
    public void Names_of_the_cluster_never_leave_it(string name, int type)
    {
        Assert.NotEmpty(_lab.Ask(name, (RecordType)type));
        Assert.Null(Handle(name, type).Pending);
    }

    [Theory]
    [InlineData("api", 1)]
    [InlineData("api.prod", 1)]
    [InlineData("api.prod.svc", 1)]
    [InlineData("api.prod.svc.cluster", 1)]
    [InlineData("local", 1)]
    [InlineData("xcluster.local", 1)]
    [InlineData("api.prod.svc.cluster.local.example.com", 1)]
    [InlineData("10.96.1.1", 1)]
    [InlineData("1.1.168.192.in-addr.arpa", 12)]
    public void No_other_name_is_answered_to_please_a_client_but_is_asked_upstream_as_it_stands(string name, int type)
    {
        var handled = Handle(name, type);
        Assert.Equal(0, handled.Length);
        Assert.Equal(DnsName.Encode(name), handled.Pending!.Name);
        Assert.Equal("SERVFAIL", _lab.Ask(name, (RecordType)type));
    }

    public void Dispose() => _lab.Dispose();

    private Handled Handle(string name, int type)
    {
        _lab.Ask(name, RecordType.A);
        return _lab.Handler.Handle(DnsLab.Query(name, (RecordType)type), DnsLab.Client, new byte[DnsHandler.MaxReply], tcp: true);
    }
}
