using System.Text.Json.Nodes;
using CsCheck;
using Fairlead.Balancer.Allocate;
using Fairlead.Cluster.Model;
using Fairlead.Linux.Addresses;
using Fairlead.State;

namespace Fairlead.Tests.Balancer;

public sealed class AllocationPlanTests
{
    private static readonly ValueArray<AddressRange> Pool = [AddressRange.Parse("192.0.2.1-192.0.2.3")];

    [Fact]
    public void The_lowest_free_address_is_given_and_a_present_one_is_kept()
    {
        Assert.Equal("192.0.2.1", Plan(Service("a")).Text);
        Assert.Equal("192.0.2.2", Plan(Service("a"), ("192.0.2.1", "b")).Text);
        Assert.Equal("192.0.2.3", Plan(Service("a", present: "192.0.2.3"), ("192.0.2.3", "a")).Text);
    }

    [Fact]
    public void An_address_that_the_pool_lost_or_an_older_Service_holds_is_given_up()
    {
        Assert.Equal("192.0.2.1", Plan(Service("a", present: "198.51.100.9"), ("198.51.100.9", "a")).Text);
        Assert.Equal("192.0.2.2", Plan(Service("a", present: "192.0.2.1"), ("192.0.2.1", "b")).Text);
    }

    [Theory]
    [InlineData("192.0.2.2", "192.0.2.2", "")]
    [InlineData("192.0.2.1", "", "spec.loadBalancerIP 192.0.2.1 is in use by Service default/b")]
    [InlineData("203.0.113.1", "", "spec.loadBalancerIP 203.0.113.1 is not in the pool 192.0.2.1-192.0.2.3")]
    [InlineData("here", "", "spec.loadBalancerIP \"here\" is not an IP address")]
    public void A_wish_is_granted_when_it_is_free_and_its_refusal_is_explained(string wanted, string given, string problem)
    {
        var plan = Plan(Service("a", wanted), ("192.0.2.1", "b"));
        Assert.Equal((given, problem), (plan.Text, plan.Problem));
    }

    [Fact]
    public void A_pool_that_is_used_up_or_has_no_such_family_says_so()
    {
        var plan = Plan(Service("a"), ("192.0.2.1", "b"), ("192.0.2.2", "c"), ("192.0.2.3", "d"));
        Assert.Equal("", plan.Text);
        Assert.StartsWith("no IPv4 address is left in the pool 192.0.2.1-192.0.2.3", plan.Problem, StringComparison.Ordinal);
        Assert.Equal("the pool 192.0.2.1-192.0.2.3 has no IPv6 addresses", Plan(Service("a") with { Families = [IpFamily.V6] }).Problem);
    }

    [Theory]
    [InlineData("PreferDualStack", "192.0.2.1")]
    [InlineData("RequireDualStack", "")]
    public void Dual_stack_degrades_when_preferred_and_waits_when_required(string policy, string given)
    {
        var service = Service("a") with { Families = [IpFamily.V4, IpFamily.V6], FamilyPolicy = policy };
        var plan = Plan(service);
        Assert.Equal((given, "the pool 192.0.2.1-192.0.2.3 has no IPv6 addresses"), (plan.Text, plan.Problem));
        ValueArray<AddressRange> both = [AddressRange.Parse("192.0.2.0/30"), AddressRange.Parse("2001:db8::/126")];
        Assert.Equal("192.0.2.0 2001:db8::", string.Join(' ', AllocationPlan.For(service, both, _ => null).Addresses));
    }

    [Theory]
    [InlineData("", true, true)]
    [InlineData("", false, false)]
    [InlineData("fairlead.dev/balancer", false, true)]
    [InlineData("other.dev/lb", true, false)]
    public void Only_Services_of_our_class_are_served(string name, bool isDefault, bool served) =>
        Assert.Equal(served, new BalancerOptions { IsDefault = isDefault }.Serves(name));

    [Theory]
    [InlineData("192.0.2.9-192.0.2.1")]
    [InlineData("192.0.2.1-2001:db8::1")]
    [InlineData("192.0.2.1")]
    [InlineData("a-b")]
    [InlineData("")]
    public void A_malformed_range_is_refused_with_an_example(string text) =>
        Assert.Contains("write first-last", Assert.Throws<FormatException>(() => AddressRange.Parse(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void Whatever_comes_and_goes_no_address_is_ever_given_twice_and_none_is_lost() =>
        Gen.Select(Gen.Int[0, 11], Gen.OneOf(Gen.Const(""), Gen.Const("192.0.2.2"), Gen.Const("203.0.113.1"))).Array[1, 60].Sample(steps =>
        {
            var held = new Dictionary<string, IpAddr>();
            foreach (var (number, wanted) in steps)
            {
                var name = $"s{number:x}";
                if (held.Remove(name))
                {
                    continue;
                }

                var plan = AllocationPlan.For(Service(name, wanted), Pool, address => Holder(held, address));
                foreach (var address in plan.Addresses)
                {
                    Assert.DoesNotContain(address, held.Values);
                    held[name] = address;
                }

                Assert.Equal(plan.Addresses.Count == 0, plan.Problem.Length > 0);
                Assert.True(plan.Addresses.Count > 0 || wanted.Length > 0 || held.Count == 3);
            }
        }, iter: 300);

    private static BalancedService Service(string name, string wanted = "", string present = "") => BalancedService.Read((JsonObject)JsonNode.Parse($$"""
        { "metadata": { "namespace": "default", "name": "{{name}}" },
          "spec": { "type": "LoadBalancer", "loadBalancerIP": "{{wanted}}", "ipFamilies": [ "IPv4" ] },
          "status": { "loadBalancer": { "ingress": [ { "ip": "{{present}}" } ] } } }
        """)!);

    private static (string Text, string Problem) Plan(BalancedService service, params (string Address, string Service)[] held)
    {
        var plan = AllocationPlan.For(service, Pool, address => Holder(held.ToDictionary(pair => pair.Service, pair => IpAddr.Parse(pair.Address)), address));
        return (string.Join(' ', plan.Addresses), plan.Problem);
    }

    private static ObjectKey? Holder(Dictionary<string, IpAddr> held, IpAddr address)
    {
        var name = held.FirstOrDefault(pair => pair.Value == address).Key;
        return name is null ? null : new ObjectKey("default", name);
    }
}
