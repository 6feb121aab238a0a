using System.Security.Cryptography.X509Certificates;
using Fairlead.ControlPlane.Registry;

namespace Fairlead.ControlPlane.Http;

/// <summary>Who calls. From a client certificate: user is its CN, groups are its O.</summary>
internal sealed record Caller(string User, IReadOnlyList<string> Groups)
{
    /// <summary>The group of everybody whom the server knows.</summary>
    public const string Authenticated = "system:authenticated";

    private const string CommonName = "2.5.4.3";
    private const string Organization = "2.5.4.10";

    /// <summary>Tells two of one name apart; empty for users of certificates.</summary>
    public string Uid { get; init; } = "";

    /// <summary>Further facts about the credential.</summary>
    public IReadOnlyDictionary<string, string> Extra { get; init; } = new Dictionary<string, string>();

    /// <summary>The refusal of a caller who does not say who he is, or says something wrong.</summary>
    public static StatusException Unknown() => new(401, "Unauthorized", "Unauthorized");

    /// <summary>Reads the certificate that the TLS layer has verified.</summary>
    /// <exception cref="StatusException">401: there is none, or it names nobody.</exception>
    public static Caller Of(X509Certificate2? certificate)
    {
        var user = "";
        var groups = new List<string>();
        foreach (var part in certificate?.SubjectName.EnumerateRelativeDistinguishedNames() ?? [])
        {
            if (part.HasMultipleElements)
            {
                continue;
            }

            switch (part.GetSingleElementType().Value)
            {
                case CommonName:
                    user = part.GetSingleElementValue() ?? "";
                    break;
                case Organization when part.GetSingleElementValue() is { Length: > 0 } group:
                    groups.Add(group);
                    break;
            }
        }

        if (user.Length == 0)
        {
            throw Unknown();
        }

        groups.Add(Authenticated);
        return new Caller(user, groups);
    }
}
