using Fairlead.Explain.Reach;
using Fairlead.Linux.Addresses;
using Fairlead.Live;

namespace Fairlead.Tests.Explain;

/// <summary>What answers prove of an explanation.</summary>
public sealed class RealPacketTests
{
    [Theory]
    [InlineData(true, 0, true)]
    [InlineData(true, 1, null)]
    [InlineData(true, 2, false)]
    [InlineData(true, 3, false)]
    [InlineData(false, 1, false)]
    public void A_refusal_proves_nothing_where_nobody_knows_who_listens(bool listenerIsUnknown, int answer, bool? agrees) =>
        Assert.Equal(agrees, RealPacket.Judge(Told(listenerIsUnknown ? StepVerdict.Unknown : StepVerdict.Ok), [(Answer)answer]).Agrees);

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(3, true)]
    public void What_was_explained_not_to_come_about_must_not_be_answered(int answer, bool agrees) =>
        Assert.Equal(agrees, RealPacket.Judge(Told(StepVerdict.Fails), [(Answer)answer]).Agrees);

    private static ReachExplanation Told(StepVerdict listener) => new()
    {
        From = "a",
        To = "b",
        Address = IpAddr.Parse("10.0.0.1"),
        Protocol = IpProtocol.Tcp,
        Port = 80,
        Endpoints = [new EndpointReach("10.0.0.2:80", "default/b", "n", "10.0.0.1", [new ReachStep("listener", listener, "", "")])],
    };
}
