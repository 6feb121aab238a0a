using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Fairlead.Kube.Client;

namespace Fairlead.Kube.Kubeconfig;

/// <summary>Reads how to reach a cluster from a kubeconfig: its current context or another one, data or files, client certificate or token.</summary>
public static class KubeconfigReader
{
    /// <summary>The connection of a context.</summary>
    /// <param name="path">The kubeconfig's path; relative paths in it are relative to its directory.</param>
    /// <param name="context">The context; empty: the current one.</param>
    /// <exception cref="FormatException">What is missing or wrong in the file.</exception>
    /// <exception cref="IOException">The file, or one it names, cannot be read.</exception>
    public static KubeConnection Read(string path, string context = "") => Parse(File.ReadAllText(path), Path.GetDirectoryName(Path.GetFullPath(path))!, context);

    /// <summary>As <see cref="Read"/>, from the file's text; relative paths in it are relative to <paramref name="directory"/>.</summary>
    internal static KubeConnection Parse(string text, string directory, string context = "")
    {
        var root = MarkedNode.Parse(text) ?? throw new FormatException("the kubeconfig is empty");
        var chosen = Entry(root, "contexts", context.Length > 0 ? context : root.Text("current-context"), "context");
        var cluster = Entry(root, "clusters", chosen.Text("cluster"), "cluster");
        var user = Entry(root, "users", chosen.Text("user"), "user");
        if (!Uri.TryCreate(cluster.Text("server"), UriKind.Absolute, out var server) || server.Scheme != Uri.UriSchemeHttps)
        {
            throw new FormatException($"cluster {chosen.Text("cluster")}: server '{cluster.Text("server")}' is not an https address");
        }

        return new KubeConnection(server, Authorities(cluster, directory), Certificate(user, directory), Token(user, directory));
    }

    /// <summary>A file comes before a text, as with client-go.</summary>
    private static Func<string> Token(MarkedNode user, string directory)
    {
        if (user.Text("tokenFile") is { Length: > 0 } file)
        {
            return ServiceAccount.TokenFile(Path.Combine(directory, file));
        }

        var token = user.Text("token") ?? "";
        return () => token;
    }

    private static X509Certificate2Collection Authorities(MarkedNode cluster, string directory)
    {
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPem(Data(cluster, "certificate-authority", directory));
            return authorities;
        }
        catch (CryptographicException e)
        {
            throw new FormatException($"certificate-authority is no certificate: {e.Message}", e);
        }
    }

    private static X509Certificate2? Certificate(MarkedNode user, string directory)
    {
        try
        {
            var certificate = Data(user, "client-certificate", directory);
            return certificate.Length > 0 ? X509Certificate2.CreateFromPem(certificate, Data(user, "client-key", directory)) : null;
        }
        catch (CryptographicException e)
        {
            throw new FormatException($"client-certificate and client-key are no certificate and its key: {e.Message}", e);
        }
    }

    private static MarkedNode Entry(MarkedNode root, string section, string name, string field) =>
        root.Get(section)?.Items?.Find(item => item.Text("name") == name)?.Get(field)
        ?? throw new FormatException($"{section} has no entry '{name}'");

    private static string Data(MarkedNode node, string key, string directory)
    {
        try
        {
            return node.Text($"{key}-data") is { Length: > 0 } data ? Encoding.ASCII.GetString(Convert.FromBase64String(data))
                : node.Text(key) is { Length: > 0 } file ? File.ReadAllText(Path.Combine(directory, file)) : "";
        }
        catch (FormatException e)
        {
            throw new FormatException($"{key}-data is not base64", e);
        }
    }
}
