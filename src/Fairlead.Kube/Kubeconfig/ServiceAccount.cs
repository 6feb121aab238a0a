using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Fairlead.Kube.Client;

namespace Fairlead.Kube.Kubeconfig;

/// <summary>How a program in a pod reaches its cluster, as its ServiceAccount: by what kubelet gives every container ("Accessing the Kubernetes API from a Pod").</summary>
public static class ServiceAccount
{
    /// <summary>Where a container finds its token and the certificates that sign the server's.</summary>
    public const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount";

    private const string HostVariable = "KUBERNETES_SERVICE_HOST";
    private const string PortVariable = "KUBERNETES_SERVICE_PORT";

    /// <summary>The connection of this process's pod.</summary>
    /// <exception cref="FormatException">This is no pod of a cluster, or what it was given is malformed.</exception>
    /// <exception cref="IOException">The files are not there: the pod has automountServiceAccountToken off.</exception>
    public static KubeConnection Read() => Read(Environment.GetEnvironmentVariable, MountPath);

    /// <summary>As <see cref="Read()"/>, of these variables and this directory.</summary>
    internal static KubeConnection Read(Func<string, string?> variable, string directory)
    {
        if (variable(HostVariable) is not { Length: > 0 } host || variable(PortVariable) is not { Length: > 0 } port)
        {
            throw new FormatException($"{HostVariable} and {PortVariable} are not set: this is no pod");
        }

        if (!ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number == 0)
        {
            throw new FormatException($"{PortVariable} '{port}' is no port");
        }

        var isV6 = IPAddress.TryParse(host, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6;
        if (!Uri.TryCreate($"https://{(isV6 ? $"[{host}]" : host)}:{number}", UriKind.Absolute, out var server))
        {
            throw new FormatException($"{HostVariable} '{host}' is no address");
        }

        var token = TokenFile(Path.Combine(directory, "token"));
        token();
        return new KubeConnection(server, Authorities(Path.Combine(directory, "ca.crt")), null, token);
    }

    /// <summary>Reads a bearer token anew each time: what is mounted into a pod is replaced within the hour.</summary>
    internal static Func<string> TokenFile(string path) => () => File.ReadAllText(path).Trim();

    private static X509Certificate2Collection Authorities(string path)
    {
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPem(File.ReadAllText(path));
            return authorities.Count > 0 ? authorities : throw new FormatException($"{path} has no certificate");
        }
        catch (CryptographicException e)
        {
            throw new FormatException($"{path} is no certificate: {e.Message}", e);
        }
    }
}
