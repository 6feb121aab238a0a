using System.Text;
using System.Text.Json.Nodes;
using Fairlead.Pods.Streaming;

namespace Fairlead.Tests.Pods;

public sealed class StreamChannelTests
{
    [Fact]
    public void Input_is_handed_on_piece_by_piece_without_its_channel_byte()
    {
        var messages = new ChannelMessages(ChannelProtocol.Version5);

        Assert.Equal("ab", Text(messages.Take("\0ab"u8.ToArray(), last: false)));
        Assert.Equal("\u0004cd", Text(messages.Take("\u0004cd"u8.ToArray(), last: true)));
        Assert.Equal("e", Text(messages.Take("\0e"u8.ToArray(), last: true)));
    }

    [Fact]
    public void A_size_may_come_in_pieces()
    {
        var messages = new ChannelMessages(ChannelProtocol.Version4);

        Assert.Equal(ClientMessageKind.None, messages.Take("\u0004{\"Width\":1"u8.ToArray(), last: false).Kind);
        var message = messages.Take("20,\"Height\":40}"u8.ToArray(), last: true);
        Assert.Equal((ClientMessageKind.Resize, new TerminalSize(120, 40)), (message.Kind, message.Size));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[80,24]")]
    [InlineData("{\"Width\":80")]
    [InlineData("{\"Width\":-1,\"Height\":24}")]
    [InlineData("{\"Width\":80,\"Height\":65536}")]
    [InlineData("{\"Width\":\"80\",\"Height\":24}")]
    public void A_size_that_is_none_is_refused(string json) =>
        Assert.Throws<InvalidDataException>(() => ChannelMessages.ParseSize(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void A_control_message_without_end_is_refused()
    {
        var messages = new ChannelMessages(ChannelProtocol.Version5);
        messages.Take(new byte[] { ChannelProtocol.Resize }, last: false);

        Assert.Throws<InvalidDataException>(() =>
        {
            for (var i = 0; i < 300; i++)
            {
                messages.Take(" "u8.ToArray(), last: false);
            }
        });
    }

    [Fact]
    public void Version_5_can_close_the_input_and_version_4_cannot()
    {
        byte[] close = [ChannelProtocol.Close, ChannelProtocol.Stdin];

        Assert.Equal(ClientMessageKind.EndOfInput, new ChannelMessages(ChannelProtocol.Version5).Take(close, last: true).Kind);
        Assert.Equal(ClientMessageKind.None, new ChannelMessages(ChannelProtocol.Version4).Take(close, last: true).Kind);
        Assert.Equal(ClientMessageKind.None, new ChannelMessages(ChannelProtocol.Version5).Take(new byte[] { 255, 1 }, last: true).Kind);
        Assert.Throws<InvalidDataException>(() => new ChannelMessages(ChannelProtocol.Version5).Take(new byte[] { 255, 0, 0 }, last: true));
    }

    [Fact]
    public void Empty_messages_and_channels_a_client_cannot_write_to_are_read_over()
    {
        var messages = new ChannelMessages(ChannelProtocol.Version5);
        foreach (var message in (byte[][])[[], [0], [1, 65], [3, 65], [9, 65]])
        {
            Assert.Equal(ClientMessageKind.None, messages.Take(message, last: true).Kind);
        }

        Assert.Equal("x", Text(messages.Take("\0x"u8.ToArray(), last: true)));
    }

    [Fact]
    public async Task Input_after_its_end_goes_nowhere()
    {
        var input = new ClientInput();
        await input.TakeAsync(new ClientMessage(ClientMessageKind.Input, "a"u8.ToArray()), default);
        await input.TakeAsync(new ClientMessage(ClientMessageKind.EndOfInput), default);
        await input.TakeAsync(new ClientMessage(ClientMessageKind.Input, "b"u8.ToArray()), default);

        Assert.True(input.Data.TryRead(out var data));
        Assert.Equal("a"u8.ToArray(), data.ToArray());
        Assert.False(input.Data.TryRead(out _));
    }

    [Fact]
    public void The_newest_protocol_offered_is_chosen_and_others_are_refused()
    {
        Assert.Equal("v5.channel.k8s.io", ChannelProtocol.Choose(["v4.channel.k8s.io", "v5.channel.k8s.io"]));
        Assert.Equal("v4.channel.k8s.io", ChannelProtocol.Choose(["channel.k8s.io", "v4.channel.k8s.io"]));
        Assert.Contains("v5.channel.k8s.io", Assert.Throws<StreamRefusal>(() => ChannelProtocol.Choose(["channel.k8s.io"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_exit_code_is_told_as_kubectl_reads_it()
    {
        var status = JsonNode.Parse(ExitReport.Of(42))!;

        Assert.Equal("Success", (string?)JsonNode.Parse(ExitReport.Of(0))!["status"]);
        Assert.Equal("NonZeroExitCode", (string?)status["reason"]);
        Assert.Equal("ExitCode", (string?)status["details"]!["causes"]![0]!["reason"]);
        Assert.Equal("42", (string?)status["details"]!["causes"]![0]!["message"]);
    }

    private static string Text(ClientMessage message)
    {
        Assert.Equal(ClientMessageKind.Input, message.Kind);
        return Encoding.UTF8.GetString(message.Data.Span);
    }
}
