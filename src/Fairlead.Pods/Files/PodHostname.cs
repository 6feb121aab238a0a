using Fairlead.Pods.Spec;

namespace Fairlead.Pods.Files;

/// <summary>A pod's host name, by kubelet's rules.</summary>
internal static class PodHostname
{
    private const int MaxLabel = 63;

    // __NEW_UTS_LEN (linux/utsname.h).
    private const int MaxKernelName = 64;

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

    /// <summary>The name the pod's kernel gives: the short one, or with setHostnameAsFQDN the full one where there is one.</summary>
    /// <exception cref="IOException">It is longer than the kernel takes.</exception>
    internal static string Kernel(PodSpec pod, string domain)
    {
        if (!pod.HostnameAsFqdn || Full(pod, domain) is not { Length: > 0 } full)
        {
            return Short(pod);
        }

        return full.Length <= MaxKernelName ? full : throw new IOException(
            $"setHostnameAsFQDN: {full} is too long for a host name ({MaxKernelName} characters is the max, {full.Length} characters requested)");
    }
}
