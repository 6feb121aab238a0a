using Fairlead.Policy.Drops;

namespace Fairlead.Tests.Policy.Drops;

public sealed class DropFilterTests
{
    private static readonly DropRecord FromOutside = Samples.Record with
    {
        From = new DropEnd("192.0.2.7", 40000, null, null, null),
        Policies = [new DropPolicy("ClusterNetworkPolicy", "", "guard")],
    };

    public static TheoryData<DropFilter> Fitting =>
    [
        new DropFilter(), new DropFilter(Namespace: "shop"), new DropFilter(Pod: "api"), new DropFilter(Pod: "shop/web"), new DropFilter(From: "web"),
        new DropFilter(From: "10.244.1.3"), new DropFilter(To: "shop/api"), new DropFilter(To: "10.244.1.2"), new DropFilter(Direction: "in"),
        new DropFilter(Policy: "closed"), new DropFilter(Policy: "shop/closed"), new DropFilter("shop", "web", "web", "api", "in", "closed"),
    ];

    public static TheoryData<DropFilter> Others =>
    [
        new DropFilter(Namespace: "watch"), new DropFilter(Pod: "other/web"), new DropFilter(Pod: "10.244.1.2"), new DropFilter(From: "api"), new DropFilter(To: "web"),
        new DropFilter(To: "10.244.1.3"), new DropFilter(Direction: "out"), new DropFilter(Policy: "open"), new DropFilter(Policy: "watch/closed"),
        new DropFilter("shop", "web", "web", "api", "out", "closed"), new DropFilter(Namespace: "watch", Pod: "web"),
    ];

    [Theory]
    [MemberData(nameof(Fitting))]
    public void What_is_asked_for_is_taken(DropFilter filter) => Assert.True(filter.Takes(Samples.Record));

    [Theory]
    [MemberData(nameof(Others))]
    public void What_is_not_asked_for_is_left(DropFilter filter) => Assert.False(filter.Takes(Samples.Record));

    [Fact]
    public void An_address_that_no_pod_has_and_a_policy_of_no_namespace_are_found_too()
    {
        Assert.True(new DropFilter(From: "192.0.2.7").Takes(FromOutside));
        Assert.True(new DropFilter(Namespace: "shop", Policy: "guard").Takes(FromOutside));
        Assert.False(new DropFilter(From: "web").Takes(FromOutside));
    }
}
