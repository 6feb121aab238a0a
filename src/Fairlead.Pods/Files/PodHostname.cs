using Fairlead.Pods.Spec;

namespace Fairlead.Pods.Files;

/// <summary>A pod's host name, by kubelet's rules.</summary>
internal static class PodHostname
{
    private const int MaxLabel = 63;

    /// <summary>The short name: spec.hostname or the pod's, cut to one DNS label; the node's with hostNetwork.</summary>
    internal static string Short(PodSpec pod)
    {
        if (pod.HostNetwork)
        {
            return pod.NodeName;
        }

        var name = pod.Hostname.Length > 0 ? pod.Hostname : pod.Name;
        return name.Length > MaxLabel ? name[..MaxLabel].TrimEnd('-', '.') : name;
    }

    /// <summary>The full name, only where a subdomain is set; else empty.</summary>
    internal static string Full(PodSpec pod, string domain) =>
        pod.Subdomain.Length > 0 && !pod.HostNetwork ? $"{Short(pod)}.{pod.Subdomain}.{pod.Namespace}.svc.{domain}" : "";
}
