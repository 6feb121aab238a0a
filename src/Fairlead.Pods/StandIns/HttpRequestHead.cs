using System.Globalization;
using System.Text;

namespace Fairlead.Pods.StandIns;

/// <summary>As much of an HTTP/1.x request as a stand-in must understand to answer on a connection that stays open.</summary>
internal readonly record struct HttpRequestHead(int Length, bool IsHead, bool Close, long BodyLength)
{
    internal const int MaxLength = 16 * 1024;

    /// <summary>X-Forwarded-For: the client that a proxy names; empty when it names none.</summary>
    internal string ForwardedFor { get; init; } = "";

    /// <summary>What was asked for, as <c>scheme://host/path</c>; the scheme is what the proxy says, http unless it does.</summary>
    internal string Url { get; init; } = "";

    /// <summary>Reads a head; null while it is incomplete.</summary>
    /// <exception cref="FormatException">Not HTTP/1.x, or with a body of unknown length.</exception>
    internal static HttpRequestHead? Parse(ReadOnlySpan<byte> data)
    {
        var end = data.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return data.Length > MaxLength ? throw new FormatException("request head too long") : null;
        }

        var lines = Encoding.ASCII.GetString(data[..end]).Split("\r\n");
        var words = lines[0].Split(' ');
        if (words.Length != 3 || !words[2].StartsWith("HTTP/1.", StringComparison.Ordinal))
        {
            throw new FormatException("not an HTTP/1.x request");
        }

        var (close, length) = (words[2] == "HTTP/1.0", 0L);
        var (asker, scheme, host) = ("", "http", "");
        foreach (var line in lines.AsSpan(1))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var value = colon < 0 ? "" : line[(colon + 1)..].Trim();
            switch (colon < 0 ? "" : line[..colon].ToLowerInvariant())
            {
                case "connection":
                    close = value.Equals("close", StringComparison.OrdinalIgnoreCase)
                        || (close && !value.Equals("keep-alive", StringComparison.OrdinalIgnoreCase));
                    break;
                case "content-length" when !long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out length):
                    throw new FormatException("bad Content-Length");
                case "x-forwarded-for":
                    asker = value;
                    break;
                case "x-forwarded-proto":
                    scheme = value;
                    break;
                case "host":
                    host = value;
                    break;
                case "transfer-encoding":
                    throw new FormatException("a stand-in reads no chunked body");
            }
        }

        return new HttpRequestHead(end + 4, words[0] == "HEAD", close, length) { ForwardedFor = asker, Url = $"{scheme}://{host}{words[1]}" };
    }
}
