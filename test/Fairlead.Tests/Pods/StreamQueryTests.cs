using Fairlead.Pods.Streaming;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Fairlead.Tests.Pods;

public sealed class StreamQueryTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void Log_options_are_read_by_their_names()
    {
        var (options, previous) = LogQuery.Parse(
            Query("follow=true&tailLines=5&timestamps=1&limitBytes=10&previous=true&sinceSeconds=60&stream=Stderr"), Now);

        Assert.True(previous);
        Assert.Equal((true, 5, true, 10L, "Stderr"), (options.Follow, options.TailLines, options.Timestamps, options.LimitBytes, options.Stream));
        Assert.Equal(Now.AddMinutes(-1), options.Since);
    }

    [Fact]
    public void Absent_log_options_are_off() =>
        Assert.Equal(new LogQuery(new(false, null, null, false, null, ""), false), LogQuery.Parse(Query(""), Now));

    [Fact]
    public void A_time_to_begin_at_is_read_with_its_zone() =>
        Assert.Equal(Now.AddHours(-1), LogQuery.Parse(Query("sinceTime=2026-01-02T03:04:05%2B01:00"), Now).Options.Since);

    [Fact]
    public void More_seconds_than_there_were_mean_everything() =>
        Assert.Equal(DateTimeOffset.UnixEpoch, LogQuery.Parse(Query("sinceSeconds=9223372036854775807"), Now).Options.Since);

    [Theory]
    [InlineData("follow=maybe")]
    [InlineData("tailLines=-1")]
    [InlineData("tailLines=five")]
    [InlineData("limitBytes=0")]
    [InlineData("sinceSeconds=99999999999999999999")]
    [InlineData("sinceTime=yesterday")]
    public void A_malformed_log_option_is_named(string query) =>
        Assert.StartsWith(query.Split('=')[0], Assert.Throws<StreamRefusal>(() => LogQuery.Parse(Query(query), Now)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_command_keeps_its_words_and_their_order()
    {
        var options = RemoteCommandOptions.Parse(Query("command=sh&command=-c&command=echo%20%26%20x&command=&stdin=true&stdout=true&tty=true"), needsCommand: true);

        Assert.Equal(["sh", "-c", "echo & x", ""], options.Command);
        Assert.Equal((true, true, false, true), (options.Stdin, options.Stdout, options.Stderr, options.Tty));
    }

    [Theory]
    [InlineData("stdout=true")]
    [InlineData("command=&stdout=true")]
    [InlineData("command=a%00b&stdout=true")]
    [InlineData("command=ls")]
    public void A_command_that_cannot_be_run_or_heard_is_refused(string query) =>
        Assert.Throws<StreamRefusal>(() => RemoteCommandOptions.Parse(Query(query), needsCommand: true));

    private static QueryCollection Query(string text) => new(QueryHelpers.ParseQuery(text));
}
