using System.Text;

namespace Fairlead.Dns.Wire;

/// <summary>Names in wire form: a length byte before each label, and the root label, one zero byte, at the end.</summary>
internal static class DnsName
{
    private const int MaxLabel = 63;

    /// <summary>
    /// Encodes a name in dotted form, in lower case; a trailing dot makes no difference. False: an empty or over-long label, not ASCII, or too long a whole.
    /// </summary>
    public static bool TryEncode(string text, out byte[] name)
    {
        name = [];
        var trimmed = text.EndsWith('.') ? text[..^1] : text;
        if (trimmed.Length > DnsReader.MaxName - 2 || !Ascii.IsValid(trimmed))
        {
            return false;
        }

        if (trimmed.Length == 0)
        {
            name = [0];
            return true;
        }

        var wire = new byte[trimmed.Length + 2];
        var at = 0;
        foreach (var label in trimmed.Split('.'))
        {
            if (label.Length is 0 or > MaxLabel)
            {
                return false;
            }

            wire[at++] = (byte)label.Length;
            at += Encoding.ASCII.GetBytes(label, wire.AsSpan(at));
        }

        Ascii.ToLowerInPlace(wire, out _);
        name = wire;
        return true;
    }

    /// <summary>As <see cref="TryEncode"/>, for names the program itself makes; otherwise a <see cref="FormatException"/>.</summary>
    public static byte[] Encode(string text) => TryEncode(text, out var name) ? name : throw new FormatException($"'{text}' is not a DNS name");

    /// <summary>The dotted form with a trailing dot, for logs and tests; bytes outside of printable ASCII and dots in labels as <c>\DDD</c>.</summary>
    public static string Decode(ReadOnlySpan<byte> name)
    {
        var text = new StringBuilder();
        while (name.Length > 0 && name[0] != 0 && name[0] < name.Length)
        {
            foreach (var c in name.Slice(1, name[0]))
            {
                _ = c is > 32 and < 127 and not (byte)'.' and not (byte)'\\' ? text.Append((char)c) : text.Append('\\').Append($"{c:D3}");
            }

            text.Append('.');
            name = name[(1 + name[0])..];
        }

        return text.Length == 0 ? "." : text.ToString();
    }

    /// <summary>Copies with ASCII letters in lower case (RFC 4343). Length bytes are below 64 and so never letters.</summary>
    public static void ToLower(ReadOnlySpan<byte> name, Span<byte> destination)
    {
        // Many bytes at once; it stops where one is not ASCII, which a label may hold and which stays as it is.
        if (Ascii.ToLower(name, destination, out var done) != System.Buffers.OperationStatus.Done)
        {
            for (var i = done; i < name.Length; i++)
            {
                destination[i] = Lower(name[i]);
            }
        }
    }

    /// <summary>Equality without regard to ASCII case.</summary>
    public static bool EqualsIgnoreCase(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (left.Length != right.Length)
        {
            return false;
        }

        for (var i = 0; i < left.Length; i++)
        {
            if (Lower(left[i]) != Lower(right[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a name, in any case, is a zone's or below it.</summary>
    /// <param name="name">Wire form, any case.</param>
    /// <param name="zone">Wire form; the root zone holds every name.</param>
    public static bool IsIn(ReadOnlySpan<byte> name, ReadOnlySpan<byte> zone)
    {
        while (name.Length > zone.Length)
        {
            name = name[(1 + name[0])..];
        }

        return EqualsIgnoreCase(name, zone);
    }

    private static byte Lower(byte c) => c is >= (byte)'A' and <= (byte)'Z' ? (byte)(c | 0x20) : c;
}
