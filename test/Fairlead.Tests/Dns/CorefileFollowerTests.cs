using System.Threading.Channels;
using Fairlead.Cluster.Model;
using Fairlead.Dns;
using Fairlead.Dns.Config;
using Fairlead.State;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fairlead.Tests.Dns;

/// <summary>What becomes of a ConfigMap as it comes, changes and goes.</summary>
public sealed class CorefileFollowerTests : IAsyncDisposable
{
    private static readonly ObjectKey Key = new("kube-system", "coredns");
    private static readonly DnsConfig BuiltIn = new() { Blocks = [new ServerBlock { Zones = ["built.in"] }] };

    private readonly Table<ObjectKey, ConfigMapRow> _table = new("configmaps");
    private readonly Channel<string> _used = Channel.CreateUnbounded<string>();
    private readonly Channel<DnsConfigOutcome> _judged = Channel.CreateUnbounded<DnsConfigOutcome>();
    private readonly CancellationTokenSource _end = new();
    private readonly DnsCounters _counters = new();
    private readonly CorefileFollower _follower;
    private readonly Task _running;

    public CorefileFollowerTests()
    {
        _follower = new CorefileFollower(_table, Key, BuiltIn, config => _used.Writer.TryWrite(string.Join(' ', config.Blocks.SelectMany(block => block.Zones))), _counters, NullLogger.Instance);
        _follower.Judged += outcome => _judged.Writer.TryWrite(outcome);
        _running = _follower.RunAsync(_end.Token);
    }

    [Fact]
    public async Task A_text_is_in_force_as_soon_as_it_is_there_and_a_broken_one_changes_nothing()
    {
        Put("1", ("Corefile", "one.test {\n any\n}"));
        Assert.False(_follower.Known.IsCompleted);
        _table.MarkInitialized();
        await _follower.Known;
        Assert.Equal("one.test", await _used.Reader.ReadAsync());
        Assert.Equal((true, false, "1"), await JudgedAsync());

        Put("2", ("Corefile", "two.test {\n any\n foo\n}"));
        var rejected = await _judged.Reader.ReadAsync();
        Assert.Equal((false, true), (rejected.First, rejected.Rejected));
        Assert.Equal(["Corefile:3: plugin \"foo\": not known"], rejected.Errors);
        Assert.Equal(1, _counters.ReloadFailures);

        Put("3", ("Other", "x"));
        Assert.Equal(["ConfigMap kube-system/coredns has no key Corefile"], (await _judged.Reader.ReadAsync()).Errors);

        Put("4", ("Corefile", "three.test {\n any\n}"));
        Assert.Equal((false, false, "4"), await JudgedAsync());
        Assert.Equal("three.test", await _used.Reader.ReadAsync());
        Assert.Equal(2, _counters.ReloadFailures);
    }

    [Fact]
    public async Task A_change_of_something_else_is_none_and_without_the_ConfigMap_the_own_configuration_holds()
    {
        _table.MarkInitialized();
        await _follower.Known;
        Put("1", ("Corefile", "one.test {\n any\n}"));
        Assert.Equal("one.test", await _used.Reader.ReadAsync());
        Put("2", ("Corefile", "one.test {\n any\n}"));
        Put("3", ("Corefile", "one.test {\n any # as before\n}"));
        _table.Delete(Key);
        Assert.Equal("built.in", await _used.Reader.ReadAsync());
        Put("4", ("Corefile", "one.test {\n any\n}"));
        Assert.Equal("one.test", await _used.Reader.ReadAsync());
        Assert.DoesNotContain("2", await ReadAllAsync(until: "4"));
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running);
        _end.Dispose();
    }

    private void Put(string version, params (string Name, string Text)[] data) =>
        _table.Upsert(Key, new ConfigMapRow { Key = Key, Uid = "u", ResourceVersion = version, Data = data.ToDictionary(one => one.Name, one => one.Text) });

    private async Task<(bool First, bool Rejected, string Version)> JudgedAsync()
    {
        var outcome = await _judged.Reader.ReadAsync();
        return (outcome.First, outcome.Rejected, outcome.Source.ResourceVersion);
    }

    private async Task<List<string>> ReadAllAsync(string until)
    {
        var versions = new List<string>();
        while (versions.LastOrDefault() != until)
        {
            versions.Add((await _judged.Reader.ReadAsync()).Source.ResourceVersion);
        }

        return versions;
    }
}
