using Fairlead.Kube.Client;
using Fairlead.Kube.Kubeconfig;
using Fairlead.Terminal;

namespace Fairlead.Composition;

/// <summary>How a role reaches its cluster.</summary>
internal static class ClusterConnection
{
    /// <summary>By a kubeconfig.</summary>
    /// <exception cref="UserError">It cannot be read.</exception>
    public static KubeConnection Of(string kubeconfig)
    {
        try
        {
            return KubeconfigReader.Read(kubeconfig);
        }
        catch (Exception e) when (e is IOException or FormatException or UnauthorizedAccessException)
        {
            throw new UserError($"{kubeconfig}: {e.Message}", "name a kubeconfig with --kubeconfig");
        }
    }

    /// <summary>As this pod's ServiceAccount.</summary>
    /// <exception cref="UserError">This is no pod, or it has no token.</exception>
    public static KubeConnection OfPod()
    {
        try
        {
            return ServiceAccount.Read();
        }
        catch (Exception e) when (e is IOException or FormatException or UnauthorizedAccessException)
        {
            throw new UserError(e.Message, "outside of a pod name a kubeconfig with --kubeconfig; in one let automountServiceAccountToken be");
        }
    }
}
