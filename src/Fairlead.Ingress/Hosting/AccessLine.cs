using System.Buffers;
using System.Globalization;
using System.Text;

namespace Fairlead.Ingress.Hosting;

/// <summary>Writes one line of the access log: the combined log format, and after it what only a proxy knows.</summary>
/// <param name="buffer">Where it is written.</param>
internal readonly struct AccessLine(IBufferWriter<byte> buffer)
{
    // What a client sends is shown up to here.
    private const int Longest = 2048;

    /// <summary>Text of ours: names of objects, addresses.</summary>
    public AccessLine Plain(ReadOnlySpan<char> text)
    {
        var span = buffer.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        buffer.Advance(Encoding.UTF8.GetBytes(text, span));
        return this;
    }

    /// <summary>A value of ours.</summary>
    public AccessLine Value<T>(T value, string format = "")
        where T : IUtf8SpanFormattable
    {
        var span = buffer.GetSpan(64);
        if (value.TryFormat(span, out var written, format, CultureInfo.InvariantCulture))
        {
            buffer.Advance(written);
        }

        return this;
    }

    /// <summary>
    /// Text of a client: what could end the line, the field or a terminal's patience is written <c>\xHH</c>, as nginx does; cut when it is very long;
    /// <c>-</c> when empty.
    /// </summary>
    public AccessLine Foreign(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty)
        {
            return Plain("-");
        }

        var cut = text.Length > Longest;
        foreach (var rune in (cut ? text[..Longest] : text).EnumerateRunes())
        {
            if (rune.IsAscii && rune.Value is >= 0x20 and not (0x7f or '"' or '\\'))
            {
                buffer.GetSpan(1)[0] = (byte)rune.Value;
                buffer.Advance(1);
            }
            else
            {
                Escape(rune);
            }
        }

        return cut ? Plain("...") : this;
    }

    private void Escape(Rune rune)
    {
        // What was read of a request has a character for each byte.
        Span<byte> bytes = stackalloc byte[4];
        bytes[0] = (byte)rune.Value;
        var count = rune.Value <= byte.MaxValue ? 1 : rune.EncodeToUtf8(bytes);
        foreach (var one in bytes[..count])
        {
            Plain("\\x").Value(one, "X2");
        }
    }
}
