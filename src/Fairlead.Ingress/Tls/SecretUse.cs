using Fairlead.Cluster.Model;

namespace Fairlead.Ingress.Tls;

/// <summary>A Secret that hosts take their certificate from.</summary>
internal sealed class SecretUse
{
    private const int MostNamed = 3;

    /// <summary>The hosts that name it.</summary>
    public HashSet<string> Hosts { get; } = new(StringComparer.Ordinal);

    /// <summary>Those of them that the certificate does not name.</summary>
    public SortedSet<string> Uncovered { get; } = new(StringComparer.Ordinal);

    /// <summary>The version that was read last; null: there is none.</summary>
    public TlsSecretRow? Row { get; set; }

    /// <summary>What it serves: that version, or the last before it that is a certificate; null: nothing.</summary>
    public ServerCertificate? Serving { get; set; }

    /// <summary>When there will be something else to say of it; null: never.</summary>
    public DateTimeOffset? Turn { get; set; }

    /// <summary>Why the version that was read last does not serve; empty: it does.</summary>
    public string Fault { get; set; } = "";

    /// <summary>What is wrong with it at <paramref name="now"/>, and what becomes of that; null: nothing.</summary>
    public string? Problem(DateTimeOffset now)
    {
        if (Row is null)
        {
            return "there is no such Secret of type kubernetes.io/tls: hosts that have no other are served with the default certificate";
        }

        List<string> problems = [];
        if (Fault.Length > 0)
        {
            problems.Add($"{Fault}; {(Serving is null ? "hosts that have no other are served with the default certificate" : "the certificate before it is still served")}");
        }

        if (Serving is { } certificate && now >= certificate.NotAfter)
        {
            problems.Add($"the certificate has expired, on {certificate.NotAfter:u}; it is still served");
        }
        else if (Serving is { } early && now < early.NotBefore)
        {
            problems.Add($"the certificate is not valid before {early.NotBefore:u}; it is served already");
        }

        if (Uncovered.Count > 0)
        {
            var more = Uncovered.Count > MostNamed ? $" and {Uncovered.Count - MostNamed} more" : "";
            problems.Add($"the certificate does not name {string.Join(", ", Uncovered.Take(MostNamed))}{more}; it is served there all the same");
        }

        return problems.Count == 0 ? null : string.Join(". ", problems);
    }

    /// <summary>When, after <paramref name="now"/>, there is something else to say of it; null: never.</summary>
    public DateTimeOffset? NextTurn(DateTimeOffset now) =>
        Serving is not { } certificate ? null : now < certificate.NotBefore ? certificate.NotBefore : now < certificate.NotAfter ? certificate.NotAfter : null;
}
