using System.Globalization;
using Fairlead.Explain.Reach;
using Fairlead.Ingress.Inspection;

namespace Fairlead.Explain.Http;

/// <summary>The step at which a client is shown a certificate. Pure.</summary>
internal static class CertificateStep
{
    /// <summary>The step.</summary>
    /// <param name="host">What the client asks for.</param>
    /// <param name="certificate">What it is shown.</param>
    public static ReachStep Of(string host, PlannedCertificate certificate)
    {
        var named = certificate.Named.Count > 0 ? $"Secret {string.Join(", ", certificate.Named.AsEnumerable())}" : "";
        if (certificate.Subject.Length == 0)
        {
            return new ReachStep("tls", StepVerdict.Unknown, "", $"whether {(named.Length > 0 ? named : "a default certificate")} is one cannot be told: Secrets may not be read");
        }

        var words = certificate.Secret is { } secret
            ? string.Create(CultureInfo.InvariantCulture, $"{(certificate.Named.Count > 0 ? "" : $"no Ingress names a certificate for {host}: ")}Secret {secret}, {certificate.Subject}, valid until {certificate.NotAfter:u}")
            : $"{(named.Length > 0 ? $"{named} does not serve" : $"no Ingress names a certificate for {host}")}: the default one, {certificate.Subject}, which nobody vouches for; clients that verify go no further";
        return new ReachStep("tls", StepVerdict.Ok, certificate.Secret is { } of ? $"Secret {of}" : "", words) { Notes = certificate.Problems };
    }
}
