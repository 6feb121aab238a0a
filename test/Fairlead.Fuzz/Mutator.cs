using System.Buffers.Binary;
using System.Text;

namespace Fairlead.Fuzz;

/// <summary>Changes inputs. The same random numbers give the same changes.</summary>
internal sealed class Mutator(FuzzTarget target, Random random)
{
    private const int MostRepeats = 2000;

    private static readonly long[] Numbers =
        [0, 1, -1, 2, 3, 4, 7, 8, 15, 16, 31, 63, 64, 127, 128, 192, 254, 255, 256, 512, 4095, 4096, 32767, 32768, 65535, 65536, int.MaxValue, int.MinValue, uint.MaxValue];

    private static readonly string[] Texts =
    [
        "0", "-1", "1e999", "18446744073709551616", "9223372036854775807", "0x", "NaN", "null", "true", "\"\"", "{}", "[]", "\\", "\\u0000", "\\ud800", "\u00e9", "\ufeff",
        "\0", "\r\n", "\t", " ", ",", ":", "=", "/", "..", "%00", "\"", "'", "(", ")", "[", "{", "}", "]", "&a", "*a", "- ", "---\n", "<<: ", "|", ">", "#", "@", "`",
    ];

    /// <summary>An input made of another, and now and then of two.</summary>
    public byte[] Mutate(byte[] input, byte[] other)
    {
        var bytes = new List<byte>(input);
        for (var i = 1 + random.Next(4) + (random.Next(16) == 0 ? 12 : 0); i > 0; i--)
        {
            Change(bytes, other);
        }

        if (bytes.Count > target.MostBytes)
        {
            bytes.RemoveRange(target.MostBytes, bytes.Count - target.MostBytes);
        }

        return [.. bytes];
    }

    private void Change(List<byte> bytes, byte[] other)
    {
        var at = random.Next(bytes.Count + 1);
        var length = Length(bytes.Count - at);
        switch (random.Next(12))
        {
            case 0 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when at < bytes.Count:
                bytes[at] = (byte)Pick(Numbers);
                break;
            case 2 when at < bytes.Count:
                bytes[at] = (byte)random.Next(256);
                break;
            case 3:
                bytes.RemoveRange(at, length);
                break;
            case 4:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 5:
                Overwrite(bytes, at, Number());
                break;
            case 6 when other.Length > 0:
                var from = random.Next(other.Length);
                bytes.InsertRange(at, other[from..(from + Length(other.Length - from))]);
                break;
            case 7 when random.Next(64) == 0:
                Repeat(bytes, at, length);
                break;
            case 8 when target.Words.Count > 0:
                Put(bytes, at, length, Encoding.UTF8.GetBytes(Pick(target.Words)));
                break;
            case 9:
                Put(bytes, at, length, Encoding.UTF8.GetBytes(Pick(Texts)));
                break;
            case 10:
                bytes.Insert(at, (byte)random.Next(256));
                break;
            case 11 when random.Next(8) == 0:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            default:
                break;
        }
    }

    // Deep nesting and long lists come of a piece many times over.
    private void Repeat(List<byte> bytes, int at, int length)
    {
        var piece = bytes.GetRange(at, Math.Min(length, 32));
        var times = 1 + random.Next(MostRepeats);
        bytes.InsertRange(at, Enumerable.Repeat(piece, times).SelectMany(part => part));
    }

    private void Put(List<byte> bytes, int at, int length, byte[] word)
    {
        if (random.Next(2) == 0)
        {
            bytes.RemoveRange(at, Math.Min(length, word.Length + random.Next(4)));
        }

        bytes.InsertRange(at, word);
    }

    private byte[] Number()
    {
        var (value, bytes) = (Pick(Numbers), new byte[8]);
        if (random.Next(2) == 0)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes, value);
            return bytes[..(1 << random.Next(1, 4))];
        }

        BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        return bytes[^(1 << random.Next(1, 4))..];
    }

    private static void Overwrite(List<byte> bytes, int at, byte[] value)
    {
        for (var i = 0; i < value.Length && at + i < bytes.Count; i++)
        {
            bytes[at + i] = value[i];
        }
    }

    private int Length(int most) => most <= 0 ? 0 : 1 + random.Next(Math.Min(most, random.Next(8) == 0 ? most : 16));

    private T Pick<T>(IReadOnlyList<T> list) => list[random.Next(list.Count)];
}
