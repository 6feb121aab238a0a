using System.Buffers.Text;
using System.Globalization;

namespace Fairlead.Policy.Drops;

/// <summary>
/// Which commit of the policies was in the packet filter: a number that grows by one with each, and the run of the agent it counts in, so that what an
/// earlier run left is not taken for ours.
/// </summary>
/// <param name="Epoch">When the run began, in milliseconds since 1970.</param>
/// <param name="Number">The commit, from 1.</param>
internal readonly record struct Generation(ulong Epoch, uint Number)
{
    /// <summary>As log prefixes have it, in hexadecimal: <c>19a2b3c4d5e-1f</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Epoch:x}-{Number:x}");

    /// <summary>Reads what <see cref="ToString"/> wrote; false for anything else.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out Generation generation)
    {
        generation = default;
        var dash = text.IndexOf((byte)'-');
        if (dash < 0 || !Utf8Parser.TryParse(text[..dash], out ulong epoch, out var read, 'x') || read != dash
            || !Utf8Parser.TryParse(text[(dash + 1)..], out uint number, out read, 'x') || read != text.Length - dash - 1)
        {
            return false;
        }

        generation = new Generation(epoch, number);
        return true;
    }
}
