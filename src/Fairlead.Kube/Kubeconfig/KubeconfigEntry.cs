using System.Text;

namespace Fairlead.Kube.Kubeconfig;

/// <summary>A cluster, a user and the context that joins them, all three under one name.</summary>
/// <param name="Name">The name of all three.</param>
/// <param name="Server">The API server's address.</param>
/// <param name="AuthorityPem">The cluster's certificate authority, PEM.</param>
/// <param name="CertificatePem">The client's certificate, PEM.</param>
/// <param name="KeyPem">The client's key, PEM.</param>
public sealed record KubeconfigEntry(string Name, string Server, string AuthorityPem, string CertificatePem, string KeyPem)
{
    /// <summary>A whole kubeconfig with this entry alone.</summary>
    public string ToDocument() => KubeconfigText.Merge("", this, makeCurrent: true);

    internal IReadOnlyList<(string Section, string Field, IReadOnlyList<(string Key, string Value)> Values)> Sections =>
    [
        ("clusters", "cluster", [("certificate-authority-data", Base64(AuthorityPem)), ("server", Server)]),
        ("contexts", "context", [("cluster", Name), ("user", Name)]),
        ("users", "user", [("client-certificate-data", Base64(CertificatePem)), ("client-key-data", Base64(KeyPem))]),
    ];

    private static string Base64(string pem) => Convert.ToBase64String(Encoding.ASCII.GetBytes(pem));
}
