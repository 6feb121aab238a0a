using System.Net;
using System.Text.Json.Nodes;
using Fairlead.Pods.Files;
using Fairlead.Pods.Spec;

namespace Fairlead.Pods;

/// <summary>Whom a pod asks for names, and how it completes them, as far as its document says.</summary>
public static class PodResolver
{
    /// <summary>The text of its resolv.conf by kubelet's rules, without what its node has in its own: search domains, and with policy <c>Default</c> everything.</summary>
    /// <param name="pod">The Pod.</param>
    /// <param name="clusterDns">Addresses of the cluster DNS.</param>
    /// <param name="domain">The cluster's zone.</param>
    public static string ConfigurationOf(JsonObject pod, IReadOnlyList<IPAddress> clusterDns, string domain) => ResolvConf.For(new PodSpec(pod), clusterDns, domain, "", out _);
}
