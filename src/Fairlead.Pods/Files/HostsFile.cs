using System.Text;
using Fairlead.Kube.Documents;
using Fairlead.Pods.Spec;

namespace Fairlead.Pods.Files;

/// <summary>A pod's /etc/hosts, byte for byte as kubelet writes it.</summary>
internal static class HostsFile
{
    internal static string For(PodSpec pod, IReadOnlyList<string> addresses, string domain, string hostFile)
    {
        var text = new StringBuilder();
        if (pod.HostNetwork)
        {
            text.Append("# Kubernetes-managed hosts file (host network).\n").Append(hostFile);
        }
        else
        {
            text.Append("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n")
                .Append("fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n");
            var full = PodHostname.Full(pod, domain);
            var names = full.Length > 0 ? $"{full}\t{PodHostname.Short(pod)}" : PodHostname.Short(pod);
            foreach (var address in addresses)
            {
                text.Append(address).Append('\t').Append(names).Append('\n');
            }
        }

        var aliases = pod.HostAliases.ToList();
        if (aliases.Count > 0)
        {
            text.Append("\n# Entries added by HostAliases.\n");
            foreach (var alias in aliases)
            {
                text.Append(alias.Text("ip")).Append('\t').Append(string.Join('\t', alias.Texts("hostnames"))).Append('\n');
            }
        }

        return text.ToString();
    }
}
