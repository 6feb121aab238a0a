using System.Threading.Channels;
using Fairlead.Dns.Config;
using Fairlead.Dns.Metrics;
using Fairlead.Dns.Server;
using Fairlead.Dns.Wire;
using Fairlead.Linux.Addresses;
using Microsoft.Extensions.Logging;

namespace Fairlead.Tests.Dns;

public sealed class QueryLogTests : IDisposable
{
    private readonly DnsLab _lab = new();
    private readonly Lines _lines = new();
    private readonly QueryLog _queries;

    public QueryLogTests()
    {
        _queries = new QueryLog(_lines, _lab.Counters, _lab.Time);
        _lab.Use(new ServerBlock { Zones = ["example.org"], MinimizesAny = true, Logs = AnswerClasses.Success }, new ServerBlock { Zones = [""], Logs = AnswerClasses.Error });
    }

    [Fact]
    public async Task A_query_is_a_line_of_CoreDNS_common_format_with_its_control_characters_escaped()
    {
        using var ending = new CancellationTokenSource();
        var running = _queries.RunAsync(ending.Token);
        var reply = Ask(DnsLab.Query("www.example.org", RecordType.ANY), "10.244.0.7", tcp: false);
        Assert.Equal($"10.244.0.7:40000 - 4711 \"ANY IN www.example.org. udp 33 false 512\" NOERROR qr,rd {reply} 0s", await _lines.NextAsync());

        Ask(DnsLab.Query("a\nb.elsewhere.net", RecordType.A), "fd00::7", tcp: true);
        Assert.Equal("[fd00::7]:40000 - 4711 \"A IN a\\010b.elsewhere.net. tcp 35 false 65535\" SERVFAIL qr,rd 35 0s", await _lines.NextAsync());
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public async Task Answers_of_other_classes_are_not_logged()
    {
        using var ending = new CancellationTokenSource();
        var running = _queries.RunAsync(ending.Token);
        Ask(DnsLab.Query("www.example.org", RecordType.A), "10.244.0.7", tcp: false);
        Ask(DnsLab.Query("www.elsewhere.net", RecordType.A), "10.244.0.7", tcp: false);

        Assert.Contains("www.elsewhere.net.", await _lines.NextAsync(), StringComparison.Ordinal);
        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
    }

    [Fact]
    public void Nobody_waits_for_the_log_and_what_it_cannot_take_is_counted()
    {
        var query = DnsLab.Query("www.example.org", RecordType.ANY);
        for (var i = 0; i < QueryLog.MostWaiting + 3; i++)
        {
            Assert.NotEqual(0, Ask(query, "10.244.0.7", tcp: false));
        }

        Assert.Equal(3, _lab.Counters.LogDropped);
    }

    [Fact]
    public async Task No_more_lines_are_written_in_a_second_than_a_log_can_bear()
    {
        using var ending = new CancellationTokenSource();
        var query = DnsLab.Query("www.example.org", RecordType.ANY);
        for (var i = 0; i < QueryLog.MostPerSecond + 5; i++)
        {
            Ask(query, "10.244.0.7", tcp: false);
        }

        var running = _queries.RunAsync(ending.Token);
        for (var i = 0; i < QueryLog.MostPerSecond; i++)
        {
            await _lines.NextAsync();
        }

        var deadline = Fairlead.Testing.Deadline.Token();
        while (_lab.Counters.LogDropped < 5)
        {
            deadline.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        await ending.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal(0, _lines.Count);
    }

    public void Dispose() => _lab.Dispose();

    private int Ask(byte[] query, string client, bool tcp)
    {
        var handler = new DnsHandler(_lab.Handler.Chains, _lab.Counters, _queries);
        return handler.Handle(query, IpAddr.Parse(client), new byte[DnsHandler.MaxReply], tcp, port: 40000).Length;
    }

    private sealed class Lines : ILogger
    {
        private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

        public int Count => _lines.Reader.Count;

        public ValueTask<string> NextAsync() => _lines.Reader.ReadAsync(Fairlead.Testing.Deadline.Token());

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Writer.TryWrite(formatter(state, exception));
    }
}
