using CsCheck;
using Fairlead.Linux.Addresses;
using Fairlead.Proxy.Frontends;
using Fairlead.Proxy.Nftables;
using Fairlead.State;

namespace Fairlead.Tests.Proxy;

public sealed class SlotListTests
{
    private static readonly Gen<ValueArray<Endpoint>> Endpoints =
        Gen.UInt[1, 12].HashSet[0, 10].Select(numbers => numbers.Order().Select(number => new Endpoint(IpAddr.FromValue(IpFamily.V4, number), 80, false)).ToValueArray());

    [Fact]
    public void Slots_hold_exactly_the_endpoints_and_ids_stay()
    {
        Endpoints.List[1, 8].Sample(steps =>
        {
            ValueArray<Slot> slots = default;
            foreach (var wanted in steps)
            {
                var before = slots;
                slots = SlotList.Assign(before, wanted);
                Assert.Equal(wanted.Order(), slots.Select(slot => slot.Endpoint).Order());
                Assert.Equal(slots.Count, slots.Select(slot => slot.Id).Distinct().Count());
                foreach (var slot in slots)
                {
                    var earlier = before.FirstOrDefault(old => old.Endpoint == slot.Endpoint);
                    Assert.True(earlier == default || earlier.Id == slot.Id);
                }
            }
        });
    }

    [Fact]
    public void Removing_one_moves_only_the_last()
    {
        Endpoints.Where(endpoints => endpoints.Count > 1).SelectMany(endpoints => Gen.Int[0, endpoints.Count - 1], (endpoints, gone) => (endpoints, gone)).Sample(pair =>
        {
            var before = SlotList.Assign(default, pair.endpoints);
            var after = SlotList.Assign(before, pair.endpoints.Where((_, i) => i != pair.gone).ToValueArray());
            var moved = Enumerable.Range(0, after.Count).Where(i => after[i] != before[i]).ToList();
            Assert.True(moved.Count == 0 || (moved.Count == 1 && after[moved[0]] == before[^1]));
        });
    }

    [Fact]
    public void Adding_one_moves_none()
    {
        Endpoints.Where(endpoints => endpoints.Count > 1).SelectMany(endpoints => Gen.Int[0, endpoints.Count - 1], (endpoints, late) => (endpoints, late)).Sample(pair =>
        {
            var before = SlotList.Assign(default, pair.endpoints.Where((_, i) => i != pair.late).ToValueArray());
            Assert.Equal(before, SlotList.Assign(before, pair.endpoints).Take(before.Count));
        });
    }

    [Fact]
    public void An_endpoint_has_the_same_id_wherever_it_serves_and_none_is_taken_for_a_code()
    {
        Gen.Select(Endpoints, Endpoints).Sample((some, others) =>
        {
            var (left, right) = (SlotList.Assign(default, some), SlotList.Assign(SlotList.Assign(default, some), others));
            var shared = left.Join(right, slot => slot.Endpoint, slot => slot.Endpoint, (one, other) => (one.Id, other.Id)).ToList();
            Assert.Equal(some.Intersect(others).Count(), shared.Count);
            Assert.All(shared, pair => Assert.Equal(pair.Item1, pair.Item2));
            Assert.All(left, slot => Assert.True(slot.Id >= SlotList.FirstId && slot.Id > new BalanceCode(BalanceCode.MaxCount, BalanceCode.MaxAffinitySeconds).Number));
        });
    }

    /// <summary>Two addresses whose hash is one, as chance would have it, are told apart all the same.</summary>
    [Fact]
    public void Endpoints_that_would_have_one_id_have_two()
    {
        var byId = new Dictionary<uint, Endpoint>();
        for (var number = 1u; ; number++)
        {
            var endpoint = new Endpoint(IpAddr.FromValue(IpFamily.V4, number), 80, false);
            if (byId.TryAdd(SlotList.IdOf(endpoint), endpoint))
            {
                continue;
            }

            var slots = SlotList.Assign(default, [byId[SlotList.IdOf(endpoint)], endpoint]);
            Assert.Equal([SlotList.IdOf(endpoint), SlotList.IdOf(endpoint) + 1], slots.Select(slot => slot.Id));
            return;
        }
    }

    [Fact]
    public void More_endpoints_than_slots_are_left_out()
    {
        var many = Enumerable.Range(1, BalanceCode.MaxCount + 5).Select(i => new Endpoint(IpAddr.FromValue(IpFamily.V4, (uint)i), 80, false)).ToValueArray();
        Assert.Equal(BalanceCode.MaxCount, SlotList.Assign(default, many).Count);
    }

    [Fact]
    public void A_code_is_its_count_and_timeout()
    {
        Gen.Select(Gen.Int[1, BalanceCode.MaxCount], Gen.Int[0, BalanceCode.MaxAffinitySeconds]).Sample((count, seconds) =>
            Assert.Equal(new BalanceCode(count, seconds), BalanceCode.Of(new BalanceCode(count, seconds).Number)));
        Assert.Equal("local-lb-3-sticky-10800", new BalanceCode(3, 10800).Chain(local: true));
        Assert.Equal("lb-3", new BalanceCode(3, 0).Chain(local: false));
    }
}
