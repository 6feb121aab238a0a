using Fairlead.Linux.Addresses;
using Fairlead.Policy.Drops;
using Fairlead.Policy.Nftables;
using Fairlead.Testing;

namespace Fairlead.Tests.Policy.Drops;

public sealed class DropRingTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch;

    [Fact]
    public void Packets_of_one_connection_are_one_record_with_a_count()
    {
        var ring = new DropRing();
        Assert.False(ring.TryJoin(Flow(1), Start));
        ring.Add(Flow(1), Record(Start));
        Assert.True(ring.TryJoin(Flow(1), Start.AddSeconds(1)));
        Assert.True(ring.TryJoin(Flow(1), Start.AddSeconds(4)));
        Assert.False(ring.TryJoin(Flow(2), Start.AddSeconds(4)));
        var record = Assert.Single(ring.Records());
        Assert.Equal((1, 3, Start, Start.AddSeconds(4)), ((int)record.Id, record.Count, record.Time, record.Last));
    }

    [Fact]
    public void A_packet_that_comes_late_or_a_record_that_is_long_is_a_new_one()
    {
        var ring = new DropRing();
        ring.Add(Flow(1), Record(Start));
        Assert.False(ring.TryJoin(Flow(1), Start + DropRing.Joins + TimeSpan.FromTicks(1)));
        var now = Start;
        while (now - Start <= DropRing.Longest)
        {
            Assert.True(ring.TryJoin(Flow(1), now));
            now += DropRing.Joins;
        }

        Assert.False(ring.TryJoin(Flow(1), now));
    }

    [Fact]
    public void The_oldest_go_and_what_is_gone_is_joined_no_more()
    {
        var ring = new DropRing(3);
        for (var i = 1; i <= 5; i++)
        {
            ring.Add(Flow(i), Record(Start));
        }

        Assert.Equal([3, 4, 5], ring.Records().Select(record => record.Id));
        Assert.False(ring.TryJoin(Flow(1), Start));
        Assert.True(ring.TryJoin(Flow(3), Start));

        // A connection's second record outlives its first.
        ring.Add(Flow(4), Record(Start));
        ring.Add(Flow(6), Record(Start));
        Assert.True(ring.TryJoin(Flow(4), Start));
    }

    [Fact]
    public async Task A_follower_that_does_not_keep_up_is_told_how_many_it_missed_and_where()
    {
        var ring = new DropRing();
        ring.Add(Flow(0), Record(Start));
        var (kept, follower) = ring.Follow();
        Assert.Equal([1], kept.Select(record => record.Id));
        for (var i = 1; i <= DropFollower.Queue + 7; i++)
        {
            ring.Add(Flow(i), Record(Start));
        }

        for (var i = 0; i < DropFollower.Queue; i++)
        {
            var (record, missed) = await follower.NextAsync(Deadline.Token());
            Assert.Equal((i + 2, 0), (record.Id, missed));
        }

        ring.Add(Flow(-1), Record(Start));
        Assert.Equal(7, (await follower.NextAsync(Deadline.Token())).Missed);
        follower.Dispose();
        ring.Add(Flow(-2), Record(Start));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => follower.NextAsync(new CancellationToken(true)).AsTask());
    }

    private static DropFlow Flow(int number) =>
        new(new Refusal(RefusalKind.Policy, true), IpAddr.Parse("10.0.0.1"), IpAddr.Parse("10.0.0.2"), IpProtocol.Tcp, (ushort)number, 80);

    private static DropRecord Record(DateTimeOffset time) => Samples.Record with { Time = time, Last = time };
}
