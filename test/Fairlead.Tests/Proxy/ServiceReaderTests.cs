using System.Text.Json.Nodes;
using Fairlead.Cluster.Reflectors;

namespace Fairlead.Tests.Proxy;

public sealed class ServiceReaderTests
{
    [Theory]
    [InlineData(""" "loadBalancerSourceRanges": [ " 10.0.0.0/8", "192.0.2.0/24 " ] """, "", "10.0.0.0/8 192.0.2.0/24")]
    [InlineData(""" "a": 1 """, "10.0.0.0/8, 192.0.2.0/24", "10.0.0.0/8 192.0.2.0/24")]
    [InlineData(""" "loadBalancerSourceRanges": [ "10.0.0.0/8" ] """, "192.0.2.0/24", "10.0.0.0/8")]
    [InlineData(""" "a": 1 """, "", "")]
    public void Source_ranges_are_the_fields_or_the_older_annotations(string spec, string annotation, string ranges)
    {
        var row = ServiceReader.Read(JsonNode.Parse($$"""
            { "metadata": { "namespace": "d", "name": "s", "annotations": { "service.beta.kubernetes.io/load-balancer-source-ranges": "{{annotation}}" } },
              "spec": { "type": "LoadBalancer", "ports": [ { "port": 80 } ], {{spec}} } }
            """)!.AsObject());
        Assert.Equal(ranges, string.Join(' ', row.SourceRanges));
    }
}
