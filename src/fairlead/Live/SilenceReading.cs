using Fairlead.Expectations;

namespace Fairlead.Live;

/// <summary>
/// Tells silence from absence: nobody's answer is somebody's refusal only if the same destination says something, at the same time, to somebody whom no policy
/// concerns.
/// </summary>
/// <param name="IsDenial">Somebody else was answered: the silence is meant. Otherwise nothing is known.</param>
/// <param name="Detail">In words.</param>
internal readonly record struct SilenceReading(bool IsDenial, string Detail)
{
    /// <summary>Asks the destination from where no policy has a say.</summary>
    /// <param name="sender">Who sends.</param>
    /// <param name="connection">What met silence.</param>
    /// <param name="silence">That silence in words.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    public static async Task<SilenceReading> OfAsync(IPacketSender sender, Connection connection, string silence, CancellationToken cancellationToken) =>
        await sender.SendUnpolicedAsync(connection, cancellationToken) switch
        {
            { Answer: Answer.Answered or Answer.Refused } other => new SilenceReading(true, $"{silence}; {other.Detail}"),
            { } other => new SilenceReading(false, $"{silence}; {other.Detail}: whether a policy is why cannot be told"),
            null => new SilenceReading(false, $"{silence}, and there is nobody else to ask from: whether a policy is why cannot be told"),
        };
}
