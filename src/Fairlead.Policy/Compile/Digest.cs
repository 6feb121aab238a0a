using System.Security.Cryptography;
using System.Text;

namespace Fairlead.Policy.Compile;

/// <summary>Short names by content.</summary>
internal static class Digest
{
    public static string Of(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
}
