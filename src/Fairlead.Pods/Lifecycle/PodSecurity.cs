using System.Text.Json.Nodes;
using Fairlead.Kube.Documents;
using Fairlead.Pods.Spec;

namespace Fairlead.Pods.Lifecycle;

/// <summary>What of a pod's wish for confinement holds here, and what does not.</summary>
internal static class PodSecurity
{
    // What Kubernetes calls safe: each of the pod's own namespaces ("Using sysctls in a Kubernetes Cluster").
    private static readonly HashSet<string> Safe = new(StringComparer.Ordinal)
    {
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ip_local_reserved_ports", "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
    };

    private static readonly string[] Confinements = ["seccompProfile", "appArmorProfile", "seLinuxOptions"];

    /// <summary>The kernel parameters to set in the pod's namespaces, by their path below /proc/sys.</summary>
    internal static IReadOnlyList<(string Name, string Value)> Sysctls(JsonObject? spec) => spec.Flag("hostNetwork") ? [] :
    [
        .. spec.Object("securityContext").Objects("sysctls").Select(sysctl => (Name: sysctl.Text("name").Replace('/', '.'), Value: sysctl.Text("value")))
            .Where(sysctl => Safe.Contains(sysctl.Name)).Select(sysctl => (sysctl.Name.Replace('.', '/'), sysctl.Value)),
    ];

    /// <summary>Refuses a container that would run as root and says it must not.</summary>
    /// <exception cref="ContainerConfigFailure">In kubelet's words.</exception>
    internal static void Refuse(PodSpec pod, ContainerSpec container)
    {
        if (container.RunAsNonRoot && container.User == 0)
        {
            var why = container.NamesUser ? "container's runAsUser breaks non-root policy" : "container has runAsNonRoot and image will run as root";
            throw new ContainerConfigFailure($"{why} (pod: \"{pod.Name}_{pod.Namespace}({pod.Uid})\", container: {container.Name})");
        }
    }

    /// <summary>What the pod asks for and does not get: a path below its specification, and why.</summary>
    internal static IEnumerable<(string Path, string Reason)> Unheeded(JsonObject? spec)
    {
        foreach (var name in ((string[])["hostPID", "hostIPC", "shareProcessNamespace"]).Where(name => spec.Flag(name)))
        {
            yield return (name, "containers of this cluster have process and IPC namespaces of their own");
        }

        if (spec?["hostUsers"] is not null && !spec.Flag("hostUsers"))
        {
            yield return ("hostUsers", "this cluster has no user namespaces");
        }

        foreach (var name in spec.Object("securityContext").Objects("sysctls").Select(sysctl => sysctl.Text("name")))
        {
            if (!Safe.Contains(name.Replace('/', '.')))
            {
                yield return ("securityContext.sysctls", $"\"{name}\" is not set: it is none of the safe ones");
            }
            else if (spec.Flag("hostNetwork"))
            {
                yield return ("securityContext.sysctls", $"\"{name}\" is not set: the pod uses its node's network");
            }
        }

        foreach (var unheeded in Profiles(spec.Object("securityContext"), "securityContext"))
        {
            yield return unheeded;
        }

        foreach (var list in (string[])["initContainers", "containers"])
        {
            foreach (var (container, index) in spec.Objects(list).Select((container, index) => (container, index)))
            {
                foreach (var unheeded in Profiles(container.Object("securityContext"), $"{list}[{index}].securityContext"))
                {
                    yield return unheeded;
                }
            }
        }
    }

    private static IEnumerable<(string Path, string Reason)> Profiles(JsonObject? security, string path)
    {
        foreach (var name in Confinements.Where(name => security.Object(name) is { } profile && profile.Text("type") != "Unconfined"))
        {
            yield return ($"{path}.{name}", "not applied on this cluster");
        }

        if (security.Text("procMount") == "Unmasked")
        {
            yield return ($"{path}.procMount", "/proc is masked on this cluster all the same");
        }
    }
}
