using System.Text.Json.Nodes;
using CsCheck;
using Fairlead.ControlPlane.Allocation;
using Fairlead.ControlPlane.Kinds;
using Fairlead.Linux.Addresses;

namespace Fairlead.Tests.Allocation;

public sealed class AllocationTests
{
    private static readonly WriteContext Write = new() { Now = DateTimeOffset.UnixEpoch };

    [Theory]
    [InlineData("10.96.0.0/12", 256ul)]
    [InlineData("10.96.0.0/24", 16ul)]
    [InlineData("10.96.0.0/20", 255ul)]
    [InlineData("10.96.0.0/28", 0ul)]
    public void The_static_band_of_addresses_follows_the_size_of_the_range(string range, ulong band)
    {
        var net = IpNet.Parse(range);
        Assert.Equal(band, AddressPool.StaticBand((ulong)(net.Last.Value - net.Address.Value) - 1));
    }

    [Theory]
    [InlineData(2768, 86ul)]
    [InlineData(100, 16ul)]
    [InlineData(65535, 128ul)]
    [InlineData(8, 0ul)]
    public void The_static_band_of_ports_follows_the_size_of_the_range(int size, ulong band) => Assert.Equal(band, ServiceAllocation.StaticPortBand(size));

    [Fact]
    public void Chosen_numbers_come_from_above_the_band_until_that_is_full()
    {
        var pool = new NumberPool(1, 30, 10, new Random(1));
        var upper = Enumerable.Range(0, 20).Select(_ => Take(pool)).ToArray();
        Assert.Equal(Enumerable.Range(11, 20).Select(number => (ulong)number), upper.Order());
        var lower = Enumerable.Range(0, 10).Select(_ => Take(pool)).ToArray();
        Assert.Equal(Enumerable.Range(1, 10).Select(number => (ulong)number), lower.Order());
        Assert.False(pool.TryTakeAny(out _));
    }

    [Fact]
    public void Network_and_broadcast_addresses_are_never_given()
    {
        var pool = new AddressPool(IpNet.Parse("10.0.0.0/29"), new Random(1));
        var taken = Enumerable.Range(0, 6).Select(_ => pool.TakeAny()!.Value.ToString()).Order(StringComparer.Ordinal);
        Assert.Equal(["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"], taken);
        Assert.Null(pool.TakeAny());
        Assert.False(pool.TryTake(IpAddr.Parse("10.0.0.0")));
        Assert.False(pool.TryTake(IpAddr.Parse("10.0.0.7")));
    }

    [Fact]
    public void No_two_services_ever_hold_the_same_address_or_port() => Gen.Select(Gen.Int[0, 3], Gen.Int[0, 9]).List[1, 60].Sample(steps =>
    {
        var allocation = new ServiceAllocation(Tiny, new Random(7));
        var live = new Dictionary<int, JsonObject>();
        foreach (var (action, id) in steps)
        {
            Step(allocation, live, action, id);
            var claims = live.Values.Select(ServiceClaims.Of).ToArray();
            Assert.Equal(claims.Sum(claim => claim.Addresses.Count), claims.SelectMany(claim => claim.Addresses).Distinct().Count());
            Assert.Equal(claims.Sum(claim => claim.Ports.Count), claims.SelectMany(claim => claim.Ports).Distinct().Count());
        }

        // What is live after any history restores into a fresh allocator without a problem, and nothing else is taken in the old one.
        Assert.Empty(new ServiceAllocation(Tiny).Restore(live.Values));
        foreach (var service in live.Values)
        {
            allocation.Release(service);
        }

        AssertEmpty(allocation);
    });

    [Fact]
    public void A_dry_run_takes_nothing_but_shows_what_it_would_take()
    {
        var allocation = new ServiceAllocation(Tiny, new Random(1));
        var service = New("NodePort");
        using (allocation.Prepare(service, null, Write with { DryRun = true }, new FieldErrors()))
        {
            Assert.NotNull(service.Text("spec", "clusterIP"));
        }

        AssertEmpty(allocation);
    }

    [Fact]
    public void A_write_that_is_not_stored_gives_back_what_it_took()
    {
        var allocation = new ServiceAllocation(Tiny, new Random(1));
        using (allocation.Prepare(New("NodePort"), null, Write, new FieldErrors()))
        {
            // Not committed.
        }

        AssertEmpty(allocation);
    }

    [Fact]
    public void A_refused_write_takes_nothing()
    {
        var allocation = new ServiceAllocation(Tiny, new Random(1));
        var service = New("NodePort");
        service["spec"]!["ports"]!.AsArray().Add(new JsonObject { ["name"] = "b", ["port"] = 81, ["nodePort"] = 99 });
        var errors = new FieldErrors();
        using var reservation = allocation.Prepare(service, null, Write, errors);
        Assert.Single(errors);
        AssertEmpty(allocation);
    }

    [Fact]
    public void Services_that_hold_the_same_address_are_told_at_start()
    {
        var service = New("ClusterIP");
        service["spec"]!["clusterIP"] = "10.0.0.5";
        Assert.Equal(["service default/s: 10.0.0.5 is held twice or out of range"], new ServiceAllocation(Tiny).Restore([service, service]));
    }

    [Fact]
    public async Task Concurrent_writers_get_different_addresses()
    {
        var allocation = new ServiceAllocation(new ClusterRanges { Services = [IpNet.Parse("10.96.0.0/16")] });
        var writers = Enumerable.Range(0, 8).Select(_ => Task.Run(() => Enumerable.Range(0, 100).Select(_ =>
        {
            var service = New("ClusterIP");
            using var reservation = allocation.Prepare(service, null, Write, new FieldErrors());
            reservation.Commit();
            return service.Text("spec", "clusterIP");
        }).ToArray()));
        Assert.Equal(800, (await Task.WhenAll(writers)).SelectMany(item => item).Distinct().Count());
    }

    private static ClusterRanges Tiny => new() { Services = [IpNet.Parse("10.0.0.0/27")], FirstNodePort = 100, LastNodePort = 119 };

    private static JsonObject New(string type) => JsonNode.Parse(
        $$"""{"metadata":{"name":"s","namespace":"default"},"spec":{"type":"{{type}}","ports":[{"name":"a","port":80,"protocol":"TCP"}] } }""")!.AsObject();

    private static ulong Take(NumberPool pool)
    {
        Assert.True(pool.TryTakeAny(out var number));
        return number;
    }

    private static void Step(ServiceAllocation allocation, Dictionary<int, JsonObject> live, int action, int id)
    {
        if (action == 3 && live.Remove(id, out var gone))
        {
            allocation.Release(gone);
            return;
        }

        var old = live.GetValueOrDefault(id);
        var service = New(action == 0 ? "ClusterIP" : "NodePort");
        new ServiceKind().Prepare(service, old, Write);
        var errors = new FieldErrors();
        using var reservation = allocation.Prepare(service, old, Write, errors);
        if (errors.IsEmpty && action != 2)
        {
            reservation.Commit();
            live[id] = service;
        }
    }

    private static void AssertEmpty(ServiceAllocation allocation)
    {
        var services = Enumerable.Range(1, 20).Select(number =>
        {
            var service = New("NodePort");
            service["spec"]!["clusterIP"] = $"10.0.0.{number}";
            service["spec"]!["ports"]![0]!["nodePort"] = 99 + number;
            return service;
        });
        Assert.Empty(allocation.Restore(services));
    }
}
