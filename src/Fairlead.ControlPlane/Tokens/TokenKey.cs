using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Fairlead.ControlPlane.Pki;

namespace Fairlead.ControlPlane.Tokens;

/// <summary>The key that signs service account tokens: JSON Web Tokens (RFC 7519) with ES256. Kept 0600 beside the certificate authority's.</summary>
internal sealed class TokenKey : IDisposable
{
    private const int LongestToken = 16 * 1024;
    private const string Algorithm = "ES256";

    private readonly ECDsa _key;
    private readonly Lock _one = new();

    private TokenKey(ECDsa key)
    {
        _key = key;
        KeyId = Base64Url.EncodeToString(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
    }

    /// <summary>Names the key in tokens and in the key set.</summary>
    public string KeyId { get; }

    /// <summary>Opens the key at <paramref name="path"/>, or makes one.</summary>
    /// <exception cref="IOException">The file cannot be read or written, or holds something else.</exception>
    public static TokenKey OpenOrCreate(string path)
    {
        SecretFile.EnsureDirectory(Path.GetDirectoryName(path)!);
        if (!File.Exists(path))
        {
            using var made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            SecretFile.Write(path, made.ExportPkcs8PrivateKeyPem());
        }

        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(path));
            return key.KeySize == 256 ? new TokenKey(key) : throw new CryptographicException($"it has {key.KeySize} bits, not 256");
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            key.Dispose();
            throw new IOException($"{path} is not a P-256 key: {e.Message}; remove it to make a new one, which ends all tokens signed so far", e);
        }
    }

    /// <summary>A token that says <paramref name="claims"/>.</summary>
    public string Sign(JsonObject claims)
    {
        var head = new JsonObject { ["alg"] = Algorithm, ["kid"] = KeyId };
        var text = $"{Encode(head)}.{Encode(claims)}";
        lock (_one)
        {
            return $"{text}.{Base64Url.EncodeToString(_key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256))}";
        }
    }

    /// <summary>What a token says; null when this key did not sign it. Nothing of what it says has been checked.</summary>
    public JsonObject? Read(string token)
    {
        if (token.Length > LongestToken || token.Split('.') is not [var head, var claims, var signature])
        {
            return null;
        }

        try
        {
            if (Decode(head) is not { } header || (string?)header["alg"] != Algorithm || (string?)header["kid"] != KeyId)
            {
                return null;
            }

            lock (_one)
            {
                return _key.VerifyData(Encoding.ASCII.GetBytes($"{head}.{claims}"), Base64Url.DecodeFromChars(signature), HashAlgorithmName.SHA256)
                    ? Decode(claims)
                    : null;
            }
        }
        catch (Exception e) when (e is FormatException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>The public half as a JSON Web Key Set (RFC 7517).</summary>
    public JsonObject ToKeySet()
    {
        var point = _key.ExportParameters(includePrivateParameters: false).Q;
        return new JsonObject
        {
            ["keys"] = new JsonArray(new JsonObject
            {
                ["use"] = "sig",
                ["kty"] = "EC",
                ["kid"] = KeyId,
                ["alg"] = Algorithm,
                ["crv"] = "P-256",
                ["x"] = Base64Url.EncodeToString(point.X),
                ["y"] = Base64Url.EncodeToString(point.Y),
            }),
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();

    private static string Encode(JsonObject part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));

    private static JsonObject? Decode(string part) => JsonNode.Parse(Base64Url.DecodeFromChars(part)) as JsonObject;
}
