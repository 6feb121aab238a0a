using System.Text;

namespace Fairlead.Fuzz;

/// <summary>Bytes as text, as the readers of texts get it.</summary>
internal static class Text
{
    public static string Of(byte[] bytes) => Encoding.UTF8.GetString(bytes);

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
